"""What a statistic of drift answers for: how far the cells of a column are from those of the reference.

A statistic is one file of `lifecycle/monitoring/statistics/`, or one module outside the repository under the entry point
`lifecycle.monitoring.statistics`, whose `statistic` is an object with these methods; or an object that a definition names:
`Monitoring(statistics=(MyStatistic(),))`. What is held to a limit is the PSI; the others are told beside it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np


class DriftStatistic:
    """An effect size of one column."""

    name: str
    """As it is called in the table `drift`."""

    def values(self, column: Mapping[str, Any], counts: np.ndarray) -> np.ndarray:
        """The effect size in each window.

        Args:
            column: of the profile: `counts` of the reference by cell, the last one of missing values; `values` of a category, or
                `centres` and `scale` of a number.
            counts: rows by cell, shape (windows, cells).

        Returns:
            Shape (windows,).
        """
        raise NotImplementedError


def shares(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The share of each cell in its column, none of them zero."""
    sizes = np.diff(np.r_[starts, counts.size])
    rows = np.repeat(np.add.reduceat(counts, starts), sizes)
    return (counts + 0.5) / (rows + np.repeat(sizes / 2, sizes))
