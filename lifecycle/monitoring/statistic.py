"""What a statistic of drift answers for: how far the cells of a column are from those of the reference.

A statistic is one file of `lifecycle/monitoring/statistics/`, or one module outside the repository under the entry point
`lifecycle.monitoring.statistics`, whose `statistic` is an object with these methods; or an object that a definition names:
`Monitoring(statistics=(MyStatistic(),))`. A `LimitedStatistic` of the folder or of an entry point is held to limits, which are found on
data without drift when a model is evaluated (`lifecycle.monitoring.limits`); every other one is told beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lifecycle.monitoring import bins

Column = Mapping[str, Any]
"""A column of a profile: `counts` of the reference by cell, the last one of missing values; `values` of a category, or `edges`,
`centres` and `scale` of a number."""


class DriftStatistic:
    """An effect size of one column."""

    name: str
    """As it is called in the table `drift`."""

    def values(self, column: Column, counts: np.ndarray) -> np.ndarray:
        """The effect size in each window.

        Args:
            column: of the profile.
            counts: rows by cell, shape (windows, cells).

        Returns:
            Shape (windows,).
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Layout:
    """Columns whose cells are laid end to end."""

    columns: Sequence[Column]

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many cells each column has."""
        return np.array([bins.cells(column) for column in self.columns], np.int64)

    @cached_property
    def starts(self) -> np.ndarray:
        """The first cell of each column."""
        return np.r_[0, np.cumsum(self.sizes)[:-1]]

    @cached_property
    def counts(self) -> np.ndarray:
        """Of the reference, shape (cells,)."""
        return np.concatenate([np.asarray(column["counts"]) for column in self.columns])

    @cached_property
    def measured(self) -> np.ndarray:
        """Which cells hold numbers, and so have an order: those of numeric columns but the one for nulls."""
        found = np.concatenate([np.full(bins.cells(column), "edges" in column) for column in self.columns])
        found[self.starts + self.sizes - 1] = False
        return found

    def summed(self, cells: np.ndarray) -> np.ndarray:
        """Sums over each column's cells, in place of each of them."""
        return np.repeat(np.add.reduceat(cells, self.starts, axis=-1), self.sizes, axis=-1)

    def smoothed(self, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
        """A window's shares, drawn to the expected ones as by half a row a cell: an empty cell is not one that can never be."""
        weight = np.repeat(self.sizes / 2, self.sizes)
        return (counts + weight * p) / (self.summed(counts) + weight)


class LimitedStatistic(DriftStatistic):
    """An effect size that is held to a limit: how large it gets by chance is found when a model is evaluated."""

    power: float = 1.0
    """By chance, the effect to this power falls as one over the number of rows: 1 of a divergence, 2 of a difference."""
    floor: float = 1.0
    """Its mean without drift in a window of one row, to that power, where a column never varied in the reference."""
    least: float
    """A smaller effect matters to nobody, however sure it is."""

    def of(self, layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The effect sizes of several columns in each window.

        Args:
            layout: the columns.
            counts: rows by cell, shape (windows, cells of all columns).
            p: the shares that are expected, shape (cells,) or (windows, cells).

        Returns:
            Shape (windows, columns).
        """
        raise NotImplementedError

    def values(self, column: Column, counts: np.ndarray) -> np.ndarray:
        """See `DriftStatistic`."""
        layout = Layout([column])
        return self.of(layout, counts, shares(layout.counts, layout.starts))[:, 0]

    def matters(self, layout: Layout, counts: np.ndarray, p: np.ndarray, values: np.ndarray, least: float) -> np.ndarray:
        """Whether the effects are worth an alarm, shape (windows, columns): a policy says what is the least that is."""
        return values >= least

    def says(self, column: Column, counts: np.ndarray, p: np.ndarray, value: float, limit: float) -> str:
        """An effect in words, to follow the column's name: counts and expected shares of one window, shape (cells,)."""
        return f"{self.name} {value:.3g}, limit {limit:.3g}"


def shares(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The share of each cell in its column, none of them zero."""
    sizes = np.diff(np.r_[starts, counts.size])
    rows = np.repeat(np.add.reduceat(counts, starts), sizes)
    return (counts + 0.5) / (rows + np.repeat(sizes / 2, sizes))
