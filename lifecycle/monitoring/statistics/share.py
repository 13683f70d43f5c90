"""The share of one value: a rare class that doubles, a value that is new, a spike, more missing values."""

import numpy as np

from lifecycle.monitoring.statistic import Column, Layout, LimitedStatistic

WIDE = 0.05
"""A share that moves by so much matters, whatever it was."""
SEEN = 0.001
"""A value with a smaller share of the window and of the reference matters to nobody."""


class Share(LimitedStatistic):
    """The largest change of one cell's share, as a deviance: `(n ln(n / (N s)) + m ln(m / (M s))) / N`, with `s = (n + m) / (N + M)`.

    n of N rows of the window and m of M rows of the reference are in the cell. Twice that times N is the deviance of two Poisson counts
    with one rate (McCullagh and Nelder, 1989), about a chi-square with one degree of freedom in every cell, be it rare or common; so that a
    class of 0.2 % that doubles stands out, whose part of an index over all cells is lost in the noise of the others. What makes it worth
    an alarm is not its size but the ratio: by default a share that is 1.3 times, or 1 / 1.3, of what it was.
    """

    name = "share"
    floor = 0.5
    least = 1.3

    def of(self, layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
        return np.maximum.reduceat(_parts(layout, counts, p), layout.starts, axis=-1)

    def matters(self, layout: Layout, counts: np.ndarray, p: np.ndarray, values: np.ndarray, least: float) -> np.ndarray:
        q, parts = layout.smoothed(counts, p), _parts(layout, counts, p)
        other = (np.abs(np.log(q / p)) >= np.log(least)) & (np.maximum(q, p) >= SEEN) | (np.abs(q - p) >= WIDE)
        most = np.repeat(values, layout.sizes, axis=-1)
        return np.logical_or.reduceat(other & (parts >= most), layout.starts, axis=-1)

    def says(self, column: Column, counts: np.ndarray, p: np.ndarray, value: float, limit: float) -> str:
        layout = Layout([column])
        at = int(np.argmax(_parts(layout, counts[None, :], p)[0]))
        share = counts[at] / max(counts.sum(), 1)
        return f"{_cell(column, at)}: {share:.3g} of the rows, {p[at]:.3g} expected"


def _parts(layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
    rows, trained = np.maximum(layout.summed(counts), 1), layout.summed(layout.counts)
    expected = p * trained
    both = (counts + expected) / (rows + trained)
    seen = np.where(counts > 0, counts, 1)
    found = np.where(counts > 0, counts * np.log(seen / (rows * both)), 0.0) + expected * np.log(expected / (trained * both))
    return np.maximum(found / rows, 0.0)


def _cell(column: Column, at: int) -> str:
    """A cell of a column in words."""
    if "values" in column:
        values = column["values"]
        return f"'{values[at]}'" if at < len(values) else ("other values" if at == len(values) else "missing")
    edges = column["edges"]
    if at > len(edges):
        return "missing"
    if at in (0, len(edges)):
        return f"below {edges[0]:.4g}" if at == 0 else f"above {edges[-1]:.4g}"
    low, high = edges[at - 1], edges[at]
    return f"{low:.4g}" if np.nextafter(low, np.inf) >= high else f"{low:.4g} to {high:.4g}"


statistic = Share()
