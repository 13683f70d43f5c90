"""Windows without drift, made of the reference's own rows: what effects look like when nothing has changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from lifecycle.monitoring import seasons
from lifecycle.monitoring.joint import Pairs, dependent, fit
from lifecycle.monitoring.statistic import Layout, LimitedStatistic, shares

UNIT = 100
"""Windows are whole numbers of blocks of so many rows."""
DRAWS = 1_000
POOL = 1_000
FOLDS = 4
MIN_REAL_WINDOWS = 12
"""With fewer real windows of a size, what was learnt from smaller ones holds on."""
LARGEST = 2
"""Limits for windows of more rows than so many times the reference's are those of smaller ones."""
PAIRED_DRAWS = 400
PAIRED_BLOCKS = 2_000
"""Of pairs, so many draws, and of more blocks the first ones, say how correlations vary."""
SEASONAL = 0.8
"""A column has seasons where the windows of other folds are nearer to them, by this factor, than to the reference as a whole."""


@dataclass(frozen=True)
class Sums:
    """What windows, or blocks, are judged by: rows by `cells`, by season (`mix`), and the sums of pairs, an array (windows, ...) each."""

    cells: np.ndarray
    mix: np.ndarray | None = None
    pairs: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """How many windows there are."""
        return len(self.cells)

    def each(self, made: "Callable[[np.ndarray], np.ndarray]") -> "Sums":
        """The same made of each array."""
        return Sums(made(self.cells), *(None if one is None else made(one) for one in (self.mix, self.pairs)))

    def take(self, which: slice | np.ndarray) -> "Sums":
        """Some of them."""
        return self.each(lambda sums: sums[which])

    def grouped(self, many: int, chosen: np.ndarray) -> "Sums":
        """Windows of so many consecutive blocks; of these windows, the chosen ones."""
        number = self.rows // many
        return self.each(lambda sums: sums[: number * many].reshape(number, many, sums.shape[1])[chosen].sum(axis=1))


@dataclass(frozen=True)
class Family:
    """Columns that are watched together, with the cells in which the reference's rows fall.

    Attributes:
        names: of the columns.
        columns: as the profile keeps them.
        codes: for each column the cell of each row.
        ordered: whether rows that follow each other belong together: in time, or by entity.
        time: of the rows, where hours and weekdays are compared with their like.
        by: the seasons that are told apart (`lifecycle.monitoring.seasons`); empty: none.
        seasonal: the columns, by position, that have seasons.
        pairs: of columns, whose correlation is watched.
    """

    names: list[str]
    columns: list[dict]
    codes: list[np.ndarray]
    ordered: bool
    time: pl.Series | None = None
    by: str = ""
    seasonal: tuple[int, ...] = ()
    pairs: Pairs | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.codes[0]) if self.codes else 0

    @cached_property
    def layout(self) -> Layout:
        """Its columns, laid end to end."""
        return Layout(self.columns)

    @cached_property
    def season(self) -> np.ndarray | None:
        """The season of each row."""
        return seasons.of(self.by, self.time) if self.by and self.time is not None else None

    def blocks(self, rows: np.ndarray | None = None, paired: int | None = None) -> Sums:
        """Sums by block of `UNIT` rows (of these rows); of pairs for so many blocks alone."""
        number = (self.rows if rows is None else len(rows)) // UNIT
        block = np.repeat(np.arange(number, dtype=np.int64), UNIT)
        found = [self._counted(code, size, rows, block, number) for code, size in zip(self.codes, self.layout.sizes, strict=True)]
        mix = None if self.season is None else self._counted(self.season, seasons.LENGTHS[self.by], rows, block, number)
        return Sums(np.concatenate(found, axis=1, dtype=np.float32, casting="unsafe"), mix, self._paired(number if paired is None else paired, rows))

    def _counted(self, code: np.ndarray, size: int, rows: np.ndarray | None, block: np.ndarray, number: int) -> np.ndarray:
        taken = (code if rows is None else code[rows])[: number * UNIT]
        return np.bincount(block * size + taken, minlength=number * size).reshape(number, size)

    def _paired(self, number: int, rows: np.ndarray | None) -> np.ndarray | None:
        if self.pairs is None:
            return None
        found = []
        for start in range(0, number, 200):
            many = min(200, number - start)
            inside = slice(start * UNIT, (start + many) * UNIT)
            z = self.pairs.scores.of(self.codes, inside if rows is None else rows[inside])
            found.append(self.pairs.sums(z.reshape(many, UNIT, z.shape[1])))
        return np.concatenate(found) if found else np.zeros((0, self.pairs.width), np.float32)


@dataclass(frozen=True)
class Windows:
    """Effects without drift, arrays (windows, members) for each size: of rows `drawn` at random, and of `real` windows, by fold.

    A member is a statistic of a column, to the power that makes it fall as one over the rows; the last one is that of the pairs, if there are any.
    """

    drawn: list[np.ndarray]
    real: list[list[np.ndarray]]

    def number(self, at: int) -> int:
        """How many real windows of a size there are."""
        return sum(len(fold) for fold in self.real[at])

    def members(self, which: slice) -> "Windows":
        """Some members alone."""
        return Windows([each[:, which] for each in self.drawn], [[fold[:, which] for fold in folds] for folds in self.real])


def measured(statistics: Sequence[LimitedStatistic], layout: Layout, counts: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Every statistic of every column, to its power: shape (windows, statistics x columns)."""
    return np.concatenate([each.of(layout, counts, p) ** each.power for each in statistics], axis=1)


def windows(family: Family, statistics: Sequence[LimitedStatistic], sizes: Sequence[int], random: np.random.Generator) -> Windows:
    """Windows of each size that have no drift, compared with the reference they come from."""
    pool = family.blocks(random.integers(0, family.rows, POOL * UNIT))
    paired = min(family.rows // UNIT, PAIRED_BLOCKS)
    blocks = family.blocks(paired=paired) if family.ordered else pool.take(slice(0, 0))
    folds = [_Fold(family, statistics, blocks, at) for at in np.array_split(np.arange(blocks.rows), FOLDS)]
    whole = _pooled(pool.cells.sum(axis=0) * (family.rows / (POOL * UNIT)), family.layout.starts)
    share = pool.cells.sum(axis=0) / (POOL * UNIT)
    r = None if family.pairs is None else family.pairs.correlations(pool.pairs.sum(axis=0)[None, :], np.array([POOL * UNIT]))[0]  # pyright: ignore[reportOptionalMemberAccess]
    found = Windows([], [])
    for size in sizes:
        many = size // UNIT
        if found.drawn and size > LARGEST * family.rows:  # the window tells no more, and what the reference never had weighs more and more
            found.drawn.append(found.drawn[-1])
            found.real.append([fold[:0] for fold in found.real[-1]])
            continue
        chosen = random.integers(0, POOL, (DRAWS, many)) + np.arange(DRAWS)[:, None] * POOL
        weights = np.bincount(chosen.ravel(), minlength=DRAWS * POOL).reshape(DRAWS, POOL).astype(np.float32)
        values = [measured(statistics, family.layout, weights @ pool.cells, whole)]
        if pool.pairs is not None:  # so many pairs are the dearest, and fewer windows say what the largest of them is
            some = Sums(pool.cells[:0], None, weights[:PAIRED_DRAWS] @ pool.pairs)
            values.append(np.resize(_distance(family.pairs, some, size, r)[0][:, 0], DRAWS)[:, None])
        same = measured(statistics, family.layout, share[None, :] * size, whole)  # of no noise at all: what cells without rows weigh
        noise = np.concatenate(values, axis=1)
        noise[:, : same.shape[1]] -= same
        # The reference is a sample too: against another one, the same window's noise would be larger by size / rows.
        noise *= 1 + size / family.rows
        noise[:, : same.shape[1]] += same
        found.drawn.append(np.maximum(noise, 0.0))
        found.real.append([fold.windows(many) for fold in folds])
    return found


def _distance(pairs: Pairs | None, sums: Sums, rows: int, r: np.ndarray | None = None) -> list[np.ndarray]:
    if pairs is None or sums.pairs is None:
        return []
    return [pairs.distances(sums.pairs, np.full(len(sums.pairs), rows), r).max(axis=1, keepdims=True) ** 2]


@dataclass(frozen=True)
class _Fold:
    """A stretch of blocks beside all others: what its windows share with their neighbours counts as distance."""

    family: Family
    statistics: Sequence[LimitedStatistic]
    blocks: Sums
    at: np.ndarray

    @cached_property
    def p(self) -> np.ndarray:
        """The shares of the other folds' rows."""
        inside = self.blocks.take(self.at)
        return shares(self.blocks.cells.sum(axis=0) - inside.cells.sum(axis=0), self.family.layout.starts)

    @cached_property
    def tables(self) -> dict[int, np.ndarray]:
        """The other folds' rows by season and cell, of each column with seasons."""
        inside = np.zeros(self.family.rows, bool)
        if len(self.at):
            inside[self.at[0] * UNIT : (self.at[-1] + 1) * UNIT] = True
        family, season = self.family, self.family.season
        assert season is not None
        size = seasons.LENGTHS[family.by]
        return {
            column: seasons.table(family.codes[column][~inside], int(family.layout.sizes[column]), season[~inside], size)
            for column in family.seasonal
        }

    def windows(self, many: int) -> np.ndarray:
        """The effects of consecutive windows of so many blocks, shape (windows, members)."""
        inside = self.blocks.take(self.at)
        number = inside.rows // many
        chosen = np.unique(np.linspace(0, number - 1, min(number, DRAWS // FOLDS)).astype(int))
        members = len(self.statistics) * len(self.family.names) + (self.family.pairs is not None)
        if not number:
            return np.zeros((0, members))
        sums = Sums(inside.cells, inside.mix).grouped(many, chosen)
        found = [measured(self.statistics, self.family.layout, sums.cells, self._expected(sums))]
        return np.concatenate([*found, *self._paired(many, chosen)], axis=1)

    def _paired(self, many: int, chosen: np.ndarray) -> list[np.ndarray]:
        """Of the windows whose pairs have been summed up; of the others, what those have, again."""
        pairs, all_sums = self.family.pairs, self.blocks.pairs
        if pairs is None or all_sums is None:
            return []
        there = self.at[self.at < len(all_sums)]
        sums = all_sums[there]
        if len(sums) < many:
            return [np.zeros((len(chosen), 1))]
        rest = all_sums.sum(axis=0) - sums.sum(axis=0)
        rows = UNIT * (len(all_sums) - len(sums))
        r = pairs.correlations(rest[None, :], np.array([rows]))[0] if rows else pairs.r
        grouped = Sums(sums, None, sums).grouped(many, np.arange(len(sums) // many))
        return [np.resize(_distance(pairs, grouped, many * UNIT, r)[0][:, 0], len(chosen))[:, None]]

    def _expected(self, sums: Sums) -> np.ndarray:
        if not self.family.seasonal or sums.mix is None:
            return self.p
        found = np.repeat(self.p[None, :], sums.rows, axis=0)
        for column, counts in self.tables.items():
            start = self.family.layout.starts[column]
            inside = slice(start, start + counts.shape[1])
            found[:, inside] = seasons.expected(counts, self.p[inside], sums.mix)
        return found


def _pooled(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return shares(counts, starts)


def paired(family: Family) -> Family:
    """The same with the pairs whose correlation is watched."""
    pairs = fit(family.layout, family.codes)
    if pairs is None or not family.ordered:
        return replace(family, pairs=pairs)
    found = replace(family, pairs=pairs)
    blocks = found._paired(min(family.rows // UNIT, PAIRED_BLOCKS), None)
    return replace(family, pairs=dependent(pairs, blocks, UNIT) if blocks is not None else pairs)


def seasoned(family: Family, statistics: Sequence[LimitedStatistic], sizes: Sequence[int]) -> Family:
    """The same with the seasons that tell best what a window should be like, of the columns that have them.

    Windows of the largest of these sizes of which there are enough are compared with what the other folds say of their hours and
    weekdays, and with the other folds as a whole. A finer division is taken where it is nearer than a coarser one.
    """
    enough = [size for size in sizes if family.rows // FOLDS // size * FOLDS >= MIN_REAL_WINDOWS]
    if family.time is None or not family.ordered or not enough:
        return family
    many = max(enough) // UNIT
    everything = tuple(range(len(family.names)))
    first = statistics[:1]
    plain = _typical(replace(family, pairs=None), first, many)
    best, nearest = family, 0.0
    for by in seasons.LENGTHS:
        trial = replace(family, by=by, seasonal=everything, pairs=None)
        ratio = _typical(trial, first, many) / np.maximum(plain, 1e-12)
        near = float(np.log(np.clip(ratio, 1e-3, 1)).sum())
        chosen = tuple(np.flatnonzero(ratio < SEASONAL).tolist())
        if chosen and near < 1.1 * nearest:
            best, nearest = replace(family, by=by, seasonal=chosen), near
    return best


def _typical(family: Family, statistics: Sequence[LimitedStatistic], many: int) -> np.ndarray:
    """The mean effect of real windows by column."""
    blocks = family.blocks()
    folds = [_Fold(family, statistics, blocks, at).windows(many) for at in np.array_split(np.arange(blocks.rows), FOLDS)]
    return np.concatenate(folds).mean(axis=0)
