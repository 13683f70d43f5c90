"""The population stability index: how far the cells of a column are from the reference, all of them together."""

import numpy as np

from lifecycle.monitoring.statistic import Column, Layout, LimitedStatistic, shares


class PSI(LimitedStatistic):
    """The population stability index."""

    name = "psi"
    least = 0.05  # 0.1 is commonly called a small change (Siddiqi 2006)

    def of(self, layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
        q = layout.smoothed(counts, p)
        return np.add.reduceat((q - p) * np.log(q / p), layout.starts, axis=-1)

    def says(self, column: Column, counts: np.ndarray, p: np.ndarray, value: float, limit: float) -> str:
        return f"PSI {value:.3g}, limit {limit:.3g}"


def psi(window: np.ndarray, reference: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The population stability index, `sum((q - p) ln(q / p))` over the cells of each column.

    A column's shares are `p = (m + 1/2) / (M + B/2)` in the reference (Jeffreys' prior over its B cells) and
    `q = (n + K p) / (N + K)` with `K = B/2` in the window: a window's empty cell is drawn to the reference, not to
    zero, so that a small window has no large value by itself. The index as in Siddiqi, Credit Risk Scorecards (2006);
    its null distribution, about `(1/N + 1/M)` times a chi-square with B - 1 degrees, in Yurdakul and Naranjo,
    Statistical properties of the population stability index (2020); the estimator of q in Agresti and Hitchcock,
    Bayesian inference for categorical data analysis (2005), section 2.

    Args:
        window: counts, shape (windows, cells of all columns).
        reference: counts, shape (cells,).
        starts: the first cell of each column.

    Returns:
        Shape (windows, columns); 0 for a column that a window has no rows of.
    """
    sizes = np.diff(np.r_[starts, reference.size])
    p = shares(reference, starts)
    pull = np.repeat(sizes / 2, sizes) * p
    rows = np.repeat(np.add.reduceat(window, starts, axis=-1), sizes, axis=-1)
    q = (window + pull) / (rows + np.repeat(sizes / 2, sizes))
    return np.add.reduceat((q - p) * np.log(q / p), starts, axis=-1)


statistic = PSI()
