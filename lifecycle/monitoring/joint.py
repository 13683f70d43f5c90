"""What no column shows alone: how columns go together, as the rank correlations of pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle.monitoring.statistic import Layout

NAME = "correlation"
MAX_SCORES = 48
"""Columns become so many scores at most, and a pair of scores a correlation."""
SAMPLE = 10_000
"""Rows from which it is seen which columns go together, and how much a correlation varies."""
COMMON = 0.05
"""A value with so large a share, and so large a rest, has a score of its own;"""
MAX_VALUES = 4
"""so many values of a category at most."""
MIN_ROWS = 100
"""A value with fewer rows in the reference has none: how its correlations vary could not be said."""
LEAST = 0.1
"""A correlation that moves by less matters to nobody."""
SPREAD = 0.2
"""A score that varies by less than this share of its variance in the reference says nothing of a correlation."""


@dataclass(frozen=True)
class Scores:
    """Columns as numbers with mean 0 and variance 1 in the reference.

    Attributes:
        column: for each score the position of its column.
        label: what it is a score of, to follow the column's name: nothing, a value, or the distance from the middle.
        cells: the number of each cell of its column.
    """

    column: tuple[int, ...]
    label: tuple[str, ...]
    cells: tuple[np.ndarray, ...]

    def of(self, codes: Sequence[np.ndarray], rows: slice | np.ndarray | None = None) -> np.ndarray:
        """The scores of rows, shape (n, scores), from the cells of each column."""
        taken = slice(None) if rows is None else rows
        length = len(codes[0][taken]) if codes else 0
        found = np.empty((length, len(self.column)), np.float32)
        for at, (column, cells) in enumerate(zip(self.column, self.cells, strict=True)):
            found[:, at] = cells.astype(np.float32)[codes[column][taken]]
        return found

    def take(self, which: Sequence[int]) -> "Scores":
        """Some of them."""
        return Scores(tuple(self.column[i] for i in which), tuple(self.label[i] for i in which), tuple(self.cells[i] for i in which))


@dataclass(frozen=True)
class Pairs:
    """Pairs of scores with their correlation in the reference.

    Attributes:
        scores: of the columns.
        first, second: the scores of each pair.
        r: its correlation in the reference.
        v: the variance of a correlation, times the number of rows.
    """

    scores: Scores
    first: np.ndarray
    second: np.ndarray
    r: np.ndarray
    v: np.ndarray

    @property
    def width(self) -> int:
        """How many sums a window has."""
        return 2 * len(self.scores.column) + len(self.first)

    def sums(self, z: np.ndarray) -> np.ndarray:
        """Sums over groups of rows of the scores, their squares, and the products of pairs.

        Args:
            z: scores, shape (groups, rows, scores).

        Returns:
            Shape (groups, width).
        """
        products = np.matmul(np.swapaxes(z, 1, 2), z)
        return np.concatenate([z.sum(axis=1), np.einsum("gss->gs", products), products[:, self.first, self.second]], axis=1)

    def correlations(self, sums: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The correlation of each pair in each window, shape (windows, pairs); NaN where a score hardly varies."""
        number = len(self.scores.column)
        mean, square, product = np.split(sums / np.maximum(rows, 1)[:, None], [number, 2 * number], axis=1)
        variance = square - mean**2
        scale = np.sqrt(np.where(variance > SPREAD, variance, np.nan))
        return (product - mean[:, self.first] * mean[:, self.second]) / (scale[:, self.first] * scale[:, self.second])

    def distances(self, sums: np.ndarray, rows: np.ndarray, r: np.ndarray | None = None) -> np.ndarray:
        """How far each correlation is from the reference's (or from `r`), in units of what a correlation of one row varies by."""
        apart = (self.correlations(sums, rows) - (self.r if r is None else r)) / np.sqrt(self.v)
        return np.abs(np.nan_to_num(apart, nan=0.0))

    def as_json(self, names: Sequence[str]) -> dict[str, Any]:
        """As a profile keeps it."""
        scores = self.scores
        return {
            "scores": [
                {"column": names[column], "label": label, "cells": [float(f"{x:.4g}") for x in cells]}
                for column, label, cells in zip(scores.column, scores.label, scores.cells, strict=True)
            ],
            "pairs": np.stack([self.first, self.second], axis=1).tolist(),
            "r": [float(f"{x:.3f}") for x in self.r],
            "v": [float(f"{x:.3g}") for x in self.v],
        }


def read(kept: Mapping[str, Any] | None, names: Sequence[str]) -> Pairs | None:
    """The pairs of a profile, whose columns have these names; `None` where it has none."""
    if not kept or not kept["pairs"]:
        return None
    place = {name: at for at, name in enumerate(names)}
    scores = Scores(
        tuple(place[one["column"]] for one in kept["scores"]),
        tuple(one["label"] for one in kept["scores"]),
        tuple(np.asarray(one["cells"]) for one in kept["scores"]),
    )
    first, second = np.asarray(kept["pairs"]).T
    return Pairs(scores, first, second, np.asarray(kept["r"]), np.asarray(kept["v"]))


def fit(layout: Layout, codes: Sequence[np.ndarray]) -> Pairs | None:
    """The pairs that are watched, from the reference's rows: `None` where there are no two columns to pair.

    Every number has a score for its rank, every common value of a category one for itself. Of more than `MAX_SCORES` those are kept that
    go most with another one; where there is room, numbers have a second score for how far from the middle they are, so that a relation
    is seen which first rises and then falls.
    """
    if not codes or not len(codes[0]):
        return None
    rows = np.unique(np.linspace(0, len(codes[0]) - 1, min(SAMPLE, len(codes[0]))).astype(np.int64))
    plain, around = _scores(layout)
    if len(plain.column) > MAX_SCORES:
        r = np.abs(_matrix(plain.of(codes, rows)))
        r[np.equal.outer(plain.column, plain.column)] = 0
        plain = plain.take(np.sort(np.argsort(-r.max(axis=1), kind="stable")[:MAX_SCORES]).tolist())
    some = around.take(range(max(min(MAX_SCORES - len(plain.column), len(around.column)), 0)))
    scores = Scores(plain.column + some.column, plain.label + some.label, plain.cells + some.cells)
    column = np.asarray(scores.column)
    first, second = np.triu_indices(len(column), 1)
    apart = column[first] != column[second]
    first, second = first[apart], second[apart]
    if not len(first):
        return None
    z = scores.of(codes, rows)
    r = _matrix(z)[first, second]
    return Pairs(scores, first, second, r, np.maximum(_variance(z, first, second, r), np.maximum((1 - r**2) ** 2, 0.01)))  # at least a normal pair's


def dependent(pairs: Pairs, blocks: np.ndarray, rows: int) -> Pairs:
    """The same where rows that follow each other are alike: a correlation varies as blocks of so many consecutive rows show."""
    if len(blocks) < 2:
        return pairs
    number = len(pairs.scores.column)
    _, square, product = np.split(blocks / rows, [number, 2 * number], axis=1)
    influence = product - pairs.r * (square[:, pairs.first] + square[:, pairs.second]) / 2
    return Pairs(pairs.scores, pairs.first, pairs.second, pairs.r, np.maximum(pairs.v, rows * influence.var(axis=0, ddof=1)))


def _scores(layout: Layout) -> tuple[Scores, Scores]:
    """One or more scores of each column, and of numbers a second one."""
    plain: list[tuple[int, str, np.ndarray]] = []
    around: list[tuple[int, str, np.ndarray]] = []
    for at, column in enumerate(layout.columns):
        counts = np.asarray(column["counts"], float)
        p = counts / max(counts.sum(), 1)
        if "edges" in column:
            known = p[:-1] / max(p[:-1].sum(), 1e-12)
            rank = 2 * np.cumsum(known) - known - 1
            plain.append((at, "", np.r_[rank, np.nan]))
            around.append((at, " (distance from its middle)", np.r_[np.abs(rank), np.nan]))
        else:
            values = np.argsort(-p[: len(column["values"])], kind="stable")
            common = [i for i in values if COMMON <= p[i] <= 1 - COMMON and counts[i] >= MIN_ROWS][:MAX_VALUES]
            common = common[:1] if len(values) == 2 else common
            plain.extend((at, f" = {column['values'][i]}", (np.arange(len(p)) == i).astype(float)) for i in common)
        if COMMON <= p[-1] <= 1 - COMMON and counts[-1] >= MIN_ROWS:
            plain.append((at, " missing", (np.arange(len(p)) == len(p) - 1).astype(float)))
    return _standardised(layout, plain), _standardised(layout, around)


def _standardised(layout: Layout, found: list[tuple[int, str, np.ndarray]]) -> Scores:
    """With mean 0 and variance 1 in the reference; a missing number is in the middle. What never varies is left out."""
    kept: list[tuple[int, str, np.ndarray]] = []
    for at, label, cells in found:
        counts = np.where(np.isfinite(cells), np.asarray(layout.columns[at]["counts"], float), 0.0)
        total = max(counts.sum(), 1)
        centred = np.nan_to_num(cells - (np.nan_to_num(cells) * counts).sum() / total, nan=0.0)
        spread = np.sqrt((centred**2 * counts).sum() / max(np.sum(layout.columns[at]["counts"]), 1))
        if spread > 1e-6:
            kept.append((at, label, centred / spread))
    return Scores(tuple(at for at, _, _ in kept), tuple(label for _, label, _ in kept), tuple(cells for _, _, cells in kept))


def _matrix(z: np.ndarray) -> np.ndarray:
    centred = z - z.mean(axis=0)
    spread = np.maximum(centred.std(axis=0), 1e-6)
    return (centred.T @ centred) / len(z) / np.outer(spread, spread)


def _variance(z: np.ndarray, first: np.ndarray, second: np.ndarray, r: np.ndarray) -> np.ndarray:
    """The variance of a correlation's influence function, `ab - r (a^2 + b^2) / 2` of standardised a and b (Devlin et al. 1975)."""
    squares = z**2
    fourth = (squares.T @ squares) / len(z)
    third = ((squares * z).T @ z) / len(z)
    tails = np.diag(fourth)
    both = fourth[first, second]
    return both + r**2 / 4 * (tails[first] + tails[second] + 2 * both) - r * (third[first, second] + third[second, first])
