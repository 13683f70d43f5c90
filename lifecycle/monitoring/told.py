"""What monitoring found, in sentences: each clause says what it looked at, what it saw, and what it may be."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle.monitoring import live_rows, recent
from lifecycle.references import Finding, LivePerformance, PerformanceEstimate

if TYPE_CHECKING:
    from lifecycle.monitoring.drift_windows import Window
    from lifecycle.monitoring.effect import Effect
    from lifecycle.monitoring.live_labels import Live
    from lifecycle.usecase import UseCase

SHOWN = 3
"""So many columns are named in a sentence."""


def findings(
    profile: Mapping[str, Any], windows: "Sequence[Window]", labels: "Sequence[Window]", truth: LivePerformance | None
) -> tuple[Finding, ...]:
    """All that is not as it was, by now: in the newest window and the newest ones together, in the newest labels, in the performance."""
    found = []
    if windows:
        for name, effect in _off(windows[-1]).items():
            kind = "joint" if effect.pair else "predictions" if name in profile["predictions"] else "inputs"
            found.append(Finding(kind=kind, name=name, said=effect.said or _psi(name, effect)))
    if labels:
        found += [Finding(kind="labels", name=name, said=effect.said) for name, effect in _off(labels[-1]).items()]
    if truth and truth.worse:
        found.append(Finding(kind="performance", name=truth.metric, said=performance(truth)))
    return tuple(found)


def inputs(use_case: "UseCase", windows: "Sequence[Window]", rows: int) -> str:
    """On the windows: what is bad since when, and the columns furthest off, with their numbers."""
    if not windows:
        return f"no window to judge yet: {rows} rows since training, {live_rows.MIN_WINDOW_ROWS} needed"
    return _windows("drift", use_case, windows) or _calm(windows)


def labels(use_case: "UseCase", windows: "Sequence[Window]") -> str:
    """On the target in rows with labels, where it is not as it was."""
    return _windows(f"drift of the target {use_case.target}", use_case, windows) if windows else ""


def performance(truth: LivePerformance | None) -> str:
    """On the live metric."""
    if not truth:
        return ""
    low, high = truth.interval or (float("nan"),) * 2
    word = "as good as" if not truth.worse else "worse than" if truth.enough else "worse so far than"
    chosen = f", of outcomes that were seen: {truth.selective_labels}" if truth.selective_labels else ""
    span = f" from {_day(truth.since)} to {_day(truth.until)}" if truth.since and truth.until else ""
    said = (
        f"live {truth.metric} {truth.live:.3f} ({low:.3f} to {high:.3f}, {truth.rows} rows{span}{chosen}) is {word} the {truth.promised:.3f} promised"
    )
    found = truth.calibration
    if found and found.off:
        said += f"; the probabilities of {found.of} are {found.probability:.3f} on average, it happened in {found.observed:.3f} of the rows"
    held = truth.coverage
    if held and held.short:
        said += f"; the intervals or sets of answers hold the truth in {held.observed:.3f} ({held.low:.3f} to {held.high:.3f}) of the rows, {held.stated:g} is stated"
    return said


def estimate(expected: PerformanceEstimate | None) -> str:
    """On rows without labels."""
    if not expected:
        return ""
    off = "" if expected.error is None else f"; on rows with labels this estimate is off by {expected.error:+.3f}"
    return f"of {expected.rows} rows without labels {expected.metric} should be {expected.expected:.3f} if the probabilities are right{off}"


def rows(live: "Live | None") -> str:
    """On rows that are not part of any of that, and why."""
    if not live:
        return ""
    found = []
    if live.unscored:
        found.append(f"{live.unscored} rows since training have no prediction yet: run score")
    if live.unknown_keys:
        found.append(f"{live.unknown_keys} keys have a label and were never loaded nor asked about: compare them with the key column")
    return "; ".join(found)


def _windows(word: str, use_case: "UseCase", windows: "Sequence[Window]") -> str:
    """On windows of which the newest is bad, or those together; empty where nothing is."""
    policy, newest = use_case.monitoring, windows[-1]
    raised = recent.raised(windows, policy)
    off = _off(newest)
    if not off:
        return ""
    among = min(len(windows), policy.of_windows)
    bad = [window for window in windows[-policy.of_windows :] if window.bad]
    since = f" since {bad[0].start:%Y-%m-%d %H:%M}" if bad and bad[0].start else ""
    names = ", ".join(effect.said or _psi(name, effect) for name, effect in list(off.items())[:SHOWN])
    more = f" and {len(off) - SHOWN} more" if len(off) > SHOWN else ""
    count = f"{len(bad)} of the newest {among} windows {'is' if len(bad) == 1 else 'are'} bad{since} ({policy.bad_windows} needed)"
    if raised and newest.together and not (newest.bad and len(bad) >= policy.bad_windows):
        count = f"the newest {among} windows together are beyond what they may be" if among > 1 else "the first window is far beyond what it may be"
    return f"{word if raised else 'no ' + word + ' yet'}: {count}, by {names}{more}"


def _calm(windows: "Sequence[Window]") -> str:
    name, effect = next(iter(windows[-1].effects.items()))
    return f"no drift: {effect.said or _psi(name, effect)} is the furthest off in the newest of {len(windows)} windows, and within its limit"


def _off(window: "Window") -> "dict[str, Effect]":
    """What is beyond its limit in a window, or in it and those before it together, the furthest first."""
    return {**window.found, **{name: one for name, one in window.together.items() if name not in window.found}}


def _psi(name: str, effect: "Effect") -> str:
    return f"{name} (PSI {effect.psi:.3g}, limit {effect.limit:.3g})"


def _day(moment: str) -> str:
    return f"{dt.datetime.fromisoformat(moment):%Y-%m-%d}"
