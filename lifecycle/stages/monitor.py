"""Monitor: whether what comes now is still what the champion was trained on, and as well predicted as was promised."""

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.champion import chosen
from lifecycle.monitoring import drift, live_rows, recent, told
from lifecycle.monitoring.drift_windows import Window, cooling, judged, record
from lifecycle.monitoring.estimate import estimate
from lifecycle.monitoring.label_drift import label_windows
from lifecycle.monitoring.live_labels import Live, live
from lifecycle.monitoring.performance import performance
from lifecycle.references import DriftReport, Features, Finding, LivePerformance, ModelVersion
from lifecycle.store import models, versions
from lifecycle.store.lake import Lake, lake

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase


def monitor(use_case: "UseCase", features: Features, model_version: ModelVersion | None = None) -> DriftReport:
    """Compare the rows that a model (the champion where none is given) has not seen with its training, window by window.

    A window is bad when an effect on a column, or the correlation of a pair of columns, is beyond its limit (`lifecycle.monitoring.limits`)
    and large enough to matter. It is a drift when the newest window is bad and with it `monitoring.bad_windows` of the newest
    `monitoring.of_windows`, when all of these together are beyond what they may be (`lifecycle.monitoring.recent`), when the same is so of
    the target in rows with labels, or when `lifecycle.monitoring.performance` says so; and no alarm was
    raised within `monitoring.cooldown` (by the time of the rows where they have one). Windows judged before are not
    judged again: each is one row of the lake's table `drift`.

    Returns:
        The newest window's worst column as `max` and `limit` (its PSI, and what it may be), its furthest `columns`, what was `found`, and
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
    profile = json.loads(versions.artifact(model, "profile.json"))
    with store.lock(f"monitor {use_case.name}"):
        past = judged(store, use_case, model.version)
        new = _judge(use_case, model, profile, rows, unseen, past)
        said = live(use_case, model, rows, unseen) if use_case.target else use_case.kind.lived(use_case, model, rows, unseen)
        report = _report(store, use_case, model, profile, [*past, *new], said, _newest(rows), len(unseen))
        if new or report.drifted:
            record(store, use_case, report, new, _reached([*past, *new], report.performance))
    return report


def _newest(rows: "Rows") -> dt.datetime | None:
    newest = rows.time.max() if rows.time is not None and len(rows) else None
    return newest if isinstance(newest, dt.datetime) else None


def _judge(use_case: "UseCase", model: ModelVersion, profile: dict[str, Any], rows: "Rows", unseen: np.ndarray, past: list[Window]) -> list[Window]:
    """The windows that are whole by now and were not judged before, each also together with those before it."""
    time, policy = rows.time, use_case.monitoring
    if time is None:
        first = sum(window.rows for window in past)
    else:
        ends = [window.end for window in past if window.end is not None]
        first = int((~(time[unseen] > max(ends)).fill_null(False)).sum()) if ends else 0
    left = unseen[first:]
    windows = live_rows.cut(use_case, len(left), None if time is None else time[left], _newest(rows), first=not past)
    if not windows:
        return []
    before = [window.rows for window in past[max(len(past) - policy.of_windows + 1, 0) :]]
    if first < sum(before):  # rows are gone since: there is nothing to look at together with
        before = []
    sizes = [*before, *(window.stop - window.start for window in windows)]
    ends = np.cumsum(sizes).tolist()
    start = first - sum(before)
    chosen = rows.take(unseen[start : start + ends[-1]])
    number = np.repeat(np.arange(len(sizes)), sizes)
    counts = drift.counted(
        profile,
        use_case.kind.watched(chosen.X, lambda: models.load(model.run_id, model.sha256, model.location)),
        live_rows.said(use_case, model, chosen),
        number,
        len(sizes),
        chosen.time,
    )
    fresh = range(len(before), len(sizes))
    return [
        _window(effects, _together(use_case, profile, counts, at), chosen, slice(ends[at] - sizes[at], ends[at]))
        for at, effects in zip(fresh, drift.of_windows(profile, counts.taken(fresh), policy.statistics, policy), strict=True)
    ]


def _together(use_case: "UseCase", profile: dict[str, Any], counts: drift.Counted, at: int) -> drift.Effects:
    """The effects in a window and those before it as one."""
    policy = use_case.monitoring
    return recent.together(profile, counts.taken(range(max(at + 1 - policy.of_windows, 0), at + 1)), policy, policy.statistics)


def _window(effects: drift.Effects, together: drift.Effects, rows: "Rows", window: slice) -> Window:
    time = None if rows.time is None else rows.time[window]
    start, end = (None, None) if time is None else (time[0], time[-1])
    return Window.of(effects, together, start, end, window.stop - window.start)


def _report(
    store: Lake, use_case: "UseCase", model: ModelVersion, profile: dict[str, Any], windows: list[Window], said: Live | None,
    reached: dt.datetime | None, rows: int,
) -> DriftReport:  # fmt: skip
    policy = use_case.monitoring
    evaluated = model.evaluated
    truth = performance(use_case, said.known, reached, evaluated.holdout, evaluated.intervals) if said else None
    labels = label_windows(use_case, profile, said, reached) if said else []
    expected = estimate(use_case, said) if said else None
    raised = [recent.raised(each, policy) for each in (windows, labels)]
    alarm = any(raised) or (truth is not None and truth.drifted)
    found = told.findings(profile, windows, labels, truth)
    quiet = _quiet(store, use_case, _reached(windows, truth)) if alarm else ""
    clauses = (
        told.inputs(use_case, windows, rows),
        told.labels(use_case, labels),
        told.performance(truth),
        told.estimate(expected),
        told.rows(said),
        quiet,
    )
    newest = windows[-1] if windows else Window(None, None, 0, 0.0, 0.0, False, {})
    columns = {name: one for name, one in newest.effects.items() if not one.pair}
    kinds = _kinds(found, bool(raised[0]), bool(raised[1]), truth is not None and truth.drifted)
    return DriftReport(
        use_case=use_case.name,
        version=model.version,
        max=newest.max,
        limit=newest.limit,
        columns={name: one.psi for name, one in columns.items()},
        limits={name: one.limit for name, one in columns.items()},
        drifted=alarm and not quiet,
        reason="; ".join(clause for clause in clauses if clause),
        windows=len(windows),
        bad_windows=sum(window.bad for window in windows),
        performance=truth,
        since=next((each[0].start for each in raised if each), None),
        found=found,
        kinds=kinds if alarm else (),
        estimate=expected,
        unscored=said.unscored if said else 0,
        unknown_keys=said.unknown_keys if said else 0,
    )


def _kinds(found: tuple[Finding, ...], inputs: bool, labels: bool, performance: bool) -> tuple[str, ...]:
    """What an alarm is about: of what was found, that which raises one."""
    raises = {"inputs": inputs, "predictions": inputs, "joint": inputs, "labels": labels, "performance": performance}
    return tuple(dict.fromkeys(one.kind for one in found if raises[one.kind]))


def _quiet(store: Lake, use_case: "UseCase", reached: dt.datetime | None) -> str:
    """Why there is no alarm, though there is a reason for one."""
    if not use_case.monitoring.policy.alarms:
        return f"no alarm is raised: the definition says follows='{use_case.monitoring.follows}'"
    return cooling(store, use_case, reached)


def _reached(windows: list[Window], truth: LivePerformance | None) -> dt.datetime | None:
    """The time of the rows that an alarm of now is dated by."""
    ends = [window.end for window in windows if window.end]
    if ends:
        return max(ends)
    return dt.datetime.fromisoformat(truth.until) if truth and truth.until else None
