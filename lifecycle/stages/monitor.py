"""Monitor: whether what comes now is still what the champion was trained on, and as well predicted as was promised."""

import datetime as dt
import json
from typing import TYPE_CHECKING

import numpy as np

from lifecycle.champion import chosen
from lifecycle.monitoring import drift, live_rows
from lifecycle.monitoring.drift_windows import Window, cooling, judged, record
from lifecycle.monitoring.performance import performance
from lifecycle.references import DriftReport, Features, LivePerformance, ModelVersion
from lifecycle.store import versions
from lifecycle.store.lake import Lake, lake

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

TOP = 10
"""So many columns are kept of each window,"""
DIGITS = 6
"""and so many digits of their effects."""


def monitor(use_case: "UseCase", features: Features, model_version: ModelVersion | None = None) -> DriftReport:
    """Compare the rows that a model (the champion where none is given) has not seen with its training, window by window.

    A window is bad when the effect of a column on it is beyond the column's limit (`lifecycle.monitoring.limits`). It is a drift when
    the newest `monitoring.bad_windows` windows are all bad, or when `lifecycle.monitoring.performance` says so, and no alarm was
    raised within `monitoring.cooldown` (by the time of the rows where they have one). Windows judged before are not
    judged again: each is one row of the lake's table `drift`.

    Returns:
        The newest window's worst column as `max` and `limit` (its PSI, and what it may be), its furthest `columns`, and
        the verdict with its reason. Without a champion the version is 0.

    Raises:
        LifecycleError: the features that the model was trained with are not there any more.
        Lost: nor is the champion, or it is not what was registered.
    """
    store = lake()
    model = chosen(use_case, features, model_version)
    if model is None:
        return DriftReport(use_case=use_case.name, version=0, max=0.0, limit=0.0, drifted=False, reason="no champion yet")
    rows = live_rows.met(use_case, model, features)
    unseen = live_rows.unseen(use_case, model, features, rows)
    with store.lock(f"monitor {use_case.name}"):
        past = judged(store, use_case, model.version)
        new = _judge(use_case, model, rows, unseen, past)
        truth = performance(use_case, model, rows, unseen) if use_case.target else None
        report = _report(store, use_case, model, [*past, *new], truth, len(unseen))
        if new or report.drifted:
            record(store, use_case, report, new, _reached([*past, *new], truth))
    return report


def _judge(use_case: "UseCase", model: ModelVersion, rows: "Rows", unseen: np.ndarray, past: list[Window]) -> list[Window]:
    """The windows that are whole by now and were not judged before."""
    time = rows.time
    if time is None:
        left = unseen[sum(window.rows for window in past) :]
    else:
        ends = [window.end for window in past if window.end is not None]
        left = unseen[(time[unseen] > max(ends)).fill_null(False).to_numpy()] if ends else unseen
    moments = None if time is None else time[left]
    newest = None if time is None else time.max()
    windows = live_rows.cut(use_case, len(left), moments, newest, first=not past)  # pyright: ignore[reportArgumentType]
    if not windows:
        return []
    chosen = rows.take(left[: windows[-1].stop])
    number = np.repeat(np.arange(len(windows)), [window.stop - window.start for window in windows])
    profile = json.loads(versions.artifact(model, "profile.json"))
    found = drift.by_window(profile, chosen.X, live_rows.said(use_case, model, chosen), number, len(windows), use_case.monitoring.statistics)
    return [_window(_that_matter(use_case, effects), chosen, window) for effects, window in zip(found, windows, strict=True)]


def _that_matter(use_case: "UseCase", effects: drift.Effects) -> drift.Effects:
    """The effects with limits below which no change is worth an alarm, however many rows show it."""
    least = use_case.monitoring.least_psi
    return {name: one.model_copy(update={"limit": max(one.limit, least)}) for name, one in effects.items()}


def _window(effects: drift.Effects, rows: "Rows", window: slice) -> Window:
    names = drift.worst(effects, TOP)
    time = None if rows.time is None else rows.time[window]
    start, end = (None, None) if time is None else (time[0], time[-1])
    kept = {name: effects[name].rounded(DIGITS) for name in names}
    return Window(start, end, window.stop - window.start, effects[names[0]].psi, effects[names[0]].limit, kept)


def _report(store: Lake, use_case: "UseCase", model: ModelVersion, windows: list[Window], truth: LivePerformance | None, rows: int) -> DriftReport:
    reason = _explained(use_case, windows) if windows else f"no window to judge yet: {rows} rows since training, {live_rows.MIN_WINDOW_ROWS} needed"
    newest = windows[-1] if windows else Window(None, None, 0, 0.0, 0.0, {})
    run = _run(windows)
    bad = len(run) >= use_case.monitoring.bad_windows
    alarm = bad or (truth is not None and truth.drifted)
    quiet = _quiet(store, use_case, _reached(windows, truth)) if alarm else ""
    return DriftReport(
        use_case=use_case.name,
        version=model.version,
        max=newest.max,
        limit=newest.limit,
        columns={name: one.psi for name, one in newest.effects.items()},
        limits={name: one.limit for name, one in newest.effects.items()},
        drifted=alarm and not quiet,
        reason="; ".join(part for part in (reason, _told(truth), quiet) if part),
        windows=len(windows),
        bad_windows=sum(window.bad for window in windows),
        performance=truth,
        since=run[0].start if bad else None,
    )


def _quiet(store: Lake, use_case: "UseCase", reached: dt.datetime | None) -> str:
    """Why there is no alarm, though there is a reason for one."""
    if not use_case.monitoring.policy.alarms:
        return f"no alarm is raised: the definition says follows='{use_case.monitoring.follows}'"
    return cooling(store, use_case, reached)


def _run(windows: list[Window]) -> list[Window]:
    """The newest windows that are bad without a good one among them."""
    good = [i for i, window in enumerate(windows) if not window.bad]
    return windows[good[-1] + 1 if good else 0 :]


def _explained(use_case: "UseCase", windows: list[Window]) -> str:
    """One clause on the windows: what is bad since when, and the columns furthest off, with their numbers."""
    newest, run, needed = windows[-1], _run(windows), use_case.monitoring.bad_windows
    listed = [f"{name} (PSI {one.psi:.3g}, limit {one.limit:.3g})" for name, one in newest.effects.items()]
    if not run:
        return f"no drift: {listed[0]} is the furthest off in the newest of {len(windows)} windows, and within its limit"
    beyond = [text for text, one in zip(listed, newest.effects.values(), strict=True) if one.beyond]
    since = f" since {run[0].start:%Y-%m-%d %H:%M}" if run[0].start else ""
    word = "drift" if len(run) >= needed else "no drift yet"
    return f"{word}: the newest {len(run)} of {len(windows)} windows {'is' if len(run) == 1 else 'are'} bad{since} ({needed} needed), by {', '.join(beyond[:3])}"


def _told(truth: LivePerformance | None) -> str:
    """One clause on the performance."""
    if not truth:
        return ""
    low, high = truth.interval or (float("nan"),) * 2
    word = "worse than" if truth.worse else "as good as"
    chosen = f", of outcomes that were seen: {truth.selective_labels}" if truth.selective_labels else ""
    return f"live {truth.metric} {truth.live:.3f} ({low:.3f} to {high:.3f}, {truth.rows} rows{chosen}) is {word} the {truth.promised:.3f} promised"


def _reached(windows: list[Window], truth: LivePerformance | None) -> dt.datetime | None:
    """The time of the rows that an alarm of now is dated by."""
    ends = [window.end for window in windows if window.end]
    if ends:
        return max(ends)
    return dt.datetime.fromisoformat(truth.until) if truth and truth.until else None
