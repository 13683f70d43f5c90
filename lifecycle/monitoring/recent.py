"""The newest windows, looked at together: a small change that no window alone is sure of."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from lifecycle.monitoring import drift

if TYPE_CHECKING:
    from lifecycle.monitoring.drift_windows import Window
    from lifecycle.monitoring.statistic import DriftStatistic
    from lifecycle.usecase import Monitoring


def together(profile: drift.Profile, windows: drift.Counted, policy: "Monitoring", more: "Sequence[DriftStatistic]" = ()) -> drift.Effects:
    """What is surely beyond its limit (`Effect.sure`) in the newest windows as one, and beyond it whichever `bad_windows - 1` of them are left out.

    So one day that was out of line, or two, are no drift. Where there have been fewer windows than `bad_windows` at all, none is left
    out: there is nothing to wait for.

    Args:
        profile: made by `lifecycle.monitoring.profile.reference`.
        windows: the newest ones, `of_windows` at most.
        policy: of the use case.
        more: statistics beside those of the folder.

    Returns:
        The effects in all of them together, of columns and pairs; none: there is no such thing.
    """
    number = len(windows.rows)
    kept = number if number < policy.bad_windows else number - policy.bad_windows + 1
    choices = list(combinations(range(number), kept))
    found = drift.of_windows(profile, windows.together([*choices, range(number)]), more, policy)
    whole = found.pop()
    return {name: one for name, one in whole.items() if one.beyond and one.sure and all(name in each and each[name].beyond for each in found)}


def raised(windows: "Sequence[Window]", policy: "Monitoring") -> "list[Window]":
    """The windows that a drift of now rests on, oldest first; none: there is no drift.

    The newest window is bad, and with it `bad_windows` of the newest `of_windows`; or all of these are beyond what they may be together.
    """
    newest = list(windows[-policy.of_windows :])
    if not newest:
        return []
    bad = [window for window in newest if window.bad]
    if newest[-1].bad and len(bad) >= policy.bad_windows:
        return bad
    return newest if newest[-1].together else []
