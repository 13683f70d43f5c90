"""The shift of a number: whether its values are higher or lower than they were."""

import numpy as np

from lifecycle.monitoring.statistic import Column, Layout, LimitedStatistic


class Shift(LimitedStatistic):
    """Cliff's delta (1993) of a number, 0 to 1: how much more often a new value is above one of the reference than below it, or the other way.

    It is what the rank test of Wilcoxon, Mann and Whitney looks at: one direction alone, and so it sees a shift of a tenth of a standard
    deviation (0.056) in a few thousand rows, where the index of all cells sees noise; and a heavy tail moves it no more than any other row.
    A category, which has no order, has none.
    """

    name = "shift"
    power = 2.0
    floor = 1 / 3  # the variance of the delta of one row, without ties
    least = 0.03  # a shift by a twentieth of a standard deviation

    def of(self, layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
        return np.abs(_signed(layout, counts, p))

    def says(self, column: Column, counts: np.ndarray, p: np.ndarray, value: float, limit: float) -> str:
        signed = float(_signed(Layout([column]), counts[None, :], p)[0, 0])
        return f"{'higher' if signed > 0 else 'lower'}: shift {signed:+.3g}, limit {limit:.3g}"


def _signed(layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Positive: the window's values are higher. A window without any has none."""
    inside = np.where(layout.measured, p, 0.0)
    total = layout.summed(inside)
    share = inside / np.where(total > 0, total, 1)
    upto = np.cumsum(share, axis=-1)
    before = np.take(np.concatenate([np.zeros((*share.shape[:-1], 1)), upto], axis=-1), layout.starts, axis=-1)
    ridit = 2 * (upto - np.repeat(before, layout.sizes, axis=-1)) - share - 1  # below less above
    known = np.where(layout.measured, counts, 0.0)
    rows = np.add.reduceat(known, layout.starts, axis=-1)
    return np.add.reduceat(known * ridit, layout.starts, axis=-1) / np.where(rows > 0, rows, 1)


statistic = Shift()
