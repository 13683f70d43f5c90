"""What effects look like when nothing has changed: limits for a family of columns, found on the reference's own rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle.monitoring.statistics.psi import psi

UNIT = 100
"""Windows are whole numbers of blocks of so many rows."""
SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 20_000)
DRAWS = 1_000
POOL = 1_000
FOLDS = 4
MIN_REAL_WINDOWS = 12
"""With fewer real windows of a size, what was learnt from smaller ones holds on."""
NARROWEST, WIDEST = 0.1, 1.5
"""The spread of a PSI is within these, in units of its mean: that of a chi-square is 0.1 with 200 degrees of freedom, 1.41 with one."""


@dataclass(frozen=True)
class Cells:
    """The cells in which rows fall: `codes` by column, and how many cells each column has.

    `ordered` says that rows which follow each other belong together: in time, or by entity.
    """

    codes: list[np.ndarray]
    sizes: list[int]
    ordered: bool

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.codes[0]) if self.codes else 0

    @property
    def starts(self) -> np.ndarray:
        """The first cell of each column, all columns laid end to end."""
        return np.cumsum([0, *self.sizes[:-1]])

    def counts(self) -> np.ndarray:
        """Of all rows, shape (cells of all columns,)."""
        return np.concatenate([np.bincount(code, minlength=size) for code, size in zip(self.codes, self.sizes, strict=True)])

    def blocks(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Counts by block of `UNIT` rows (of these rows), shape (blocks, cells of all columns)."""
        number = (self.rows if rows is None else len(rows)) // UNIT
        block = np.repeat(np.arange(number, dtype=np.int64), UNIT)
        found = []
        for code, size in zip(self.codes, self.sizes, strict=True):
            taken = (code if rows is None else code[rows])[: number * UNIT]
            found.append(np.bincount(block * size + taken, minlength=number * size).reshape(number, size))
        return np.concatenate(found, axis=1, dtype=np.float32, casting="unsafe")


@dataclass(frozen=True)
class Windows:
    """PSI without drift, arrays of shape (windows, columns) for each size: of rows `drawn` at random, and of `real` windows, by fold."""

    drawn: list[np.ndarray]
    real: list[list[np.ndarray]]

    def number(self, at: int) -> int:
        """How many real windows of a size there are."""
        return sum(len(fold) for fold in self.real[at])


def windows(cells: Cells, sizes: list[int], random: np.random.Generator) -> Windows:
    """Windows of each size that have no drift, compared with the reference they come from."""
    starts, reference = cells.starts, cells.counts()
    pool = cells.blocks(random.integers(0, cells.rows, POOL * UNIT))
    blocks = cells.blocks() if cells.ordered else pool[:0]
    found = Windows([], [])
    for size in sizes:
        many = size // UNIT
        chosen = random.integers(0, POOL, (DRAWS, many)) + np.arange(DRAWS)[:, None] * POOL
        weights = np.bincount(chosen.ravel(), minlength=DRAWS * POOL).reshape(DRAWS, POOL).astype(np.float32)
        # The reference is a sample too: against another one, the same window's noise would be larger by size / rows.
        found.drawn.append(psi(weights @ pool, reference, starts) * (1 + size / cells.rows))
        found.real.append(_real(blocks, many, starts))
    return found


def _real(blocks: np.ndarray, many: int, starts: np.ndarray) -> list[np.ndarray]:
    """Consecutive windows, each against the other folds' rows: what it shares with its neighbours counts as distance."""
    total, found = blocks.sum(axis=0), []
    for fold in np.array_split(blocks, FOLDS):
        number = len(fold) // many
        chosen = np.unique(np.linspace(0, number - 1, min(number, DRAWS // FOLDS)).astype(int))
        counts = fold[: number * many].reshape(number, many, blocks.shape[1])[chosen].sum(axis=1)
        found.append(psi(counts, total - fold.sum(axis=0), starts) if number else np.zeros((0, len(starts))))
    return found


def calibrate(families: list[tuple[list[str], Cells]], sizes: list[int], false_alarms: float, random: np.random.Generator) -> dict[str, Any]:
    """Limits that hold for all columns of all families together, by size of the window.

    Each column is measured in its own units (the mean and spread of its PSI without drift, brought near the normal by
    the cube root of Wilson and Hilferty, 1931), and the largest of all columns is held to one limit: a balanced
    simultaneous limit (Beran, 1988). Windows drawn at random and windows as they came both say what is normal: the
    larger mean, spread and limit are taken. A real window is measured in units that other folds gave: else their
    error, which grows with the number of columns, would not show.

    Returns:
        `sizes`; `psi`: by column, the limit at each size; `false_alarms`; `real`: by size, how many real windows spoke.
    """
    found = [windows(cells, sizes, random) for _, cells in families]
    rows = [cells.rows for _, cells in families]
    units = [[_units(family, sizes, many, left_out) for left_out in (None, *range(FOLDS))] for family, many in zip(found, rows, strict=True)]
    limits: list[np.ndarray] = []
    level = -np.inf
    for i in range(len(sizes)):
        drawn = [_maxima(family.drawn[i], unit[0][i]) for family, unit in zip(found, units, strict=True)]
        if any(family.number(i) >= MIN_REAL_WINDOWS for family in found):
            real = [_real_maxima(family.real[i], [each[i] for each in unit[1:]]) for family, unit in zip(found, units, strict=True)]
            known = [real[j] if family.number(i) >= MIN_REAL_WINDOWS else drawn[j] for j, family in enumerate(found)]
            level = max(level, quantile(_together(known, random), false_alarms))
        top = max(level, quantile(_together(drawn, random), false_alarms))
        limits.append(np.concatenate([_value(top, *unit[0][i]) for unit in units]))
    names = [name for columns, _ in families for name in columns]
    limits = list(np.minimum.accumulate(limits))  # more rows never vary more
    return {
        "sizes": sizes,
        "psi": {name: [float(f"{limit[at]:.4g}") for limit in limits] for at, name in enumerate(names)},
        "false_alarms": false_alarms,
        "real": [max((family.number(i) for family in found), default=0) for i in range(len(sizes))],
    }


Unit = tuple[np.ndarray, np.ndarray]


def _units(found: Windows, sizes: list[int], rows: int, left_out: int | None) -> list[Unit]:
    """The mean and spread of each column's PSI, by size of the window; real ones from all folds but one.

    To sizes with few real windows the design effect of smaller ones (how many times the mean of drawn windows theirs is)
    is carried on, growing with the size as it has grown so far.
    """
    units: list[Unit] = []
    known: list[tuple[int, np.ndarray, np.ndarray]] = []
    for i, size in enumerate(sizes):
        drawn, least = found.drawn[i], 1 / size + 1 / rows  # one degree of freedom: for columns that never vary in the reference
        mean, relative = np.maximum(drawn.mean(axis=0), least), drawn.std(axis=0) / np.maximum(drawn.mean(axis=0), least)
        if found.number(i) >= MIN_REAL_WINDOWS:
            real = np.concatenate([fold for f, fold in enumerate(found.real[i]) if f != left_out])
            average = np.maximum(real.mean(axis=0), least)
            known.append((size, np.maximum(average / mean, 1), real.std(axis=0, ddof=1) / average))
        effect, wide = _carried(known, size) if known else (1.0, 0.0)
        units.append((mean * effect, mean * effect * np.clip(np.maximum(relative, wide), NARROWEST, WIDEST)))
    return units


def _carried(known: list[tuple[int, np.ndarray, np.ndarray]], size: int) -> tuple[np.ndarray, np.ndarray]:
    """The design effect and the relative spread at a size, from those at smaller ones (and this one, if it is known)."""
    last, effect, wide = known[-1]
    earlier = [one for one in known if one[0] * 4 <= last] or known[:1]
    if size == last or earlier[-1][0] == last:
        return effect, wide
    growth = np.log(effect / earlier[-1][1]) / np.log(last / earlier[-1][0])
    return effect * (size / last) ** np.clip(growth, 0, 1), wide


def _maxima(values: np.ndarray, unit: Unit) -> np.ndarray:
    return _score(values, *unit).max(axis=1)


def _real_maxima(folds: list[np.ndarray], units: list[Unit]) -> np.ndarray:
    return np.concatenate([_maxima(fold, unit) for fold, unit in zip(folds, units, strict=True)])


def _together(maxima: list[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """The largest over all families; how these go together is unknown, so it is left to chance."""
    most = max(len(each) for each in maxima)
    return np.max([random.permutation(np.resize(each, most)) for each in maxima], axis=0)


def _score(values: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    part = (spread / (3 * mean)) ** 2
    return (np.cbrt(np.maximum(values, 0) / mean) - (1 - part)) / np.sqrt(part)


def _value(score: float, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    part = (spread / (3 * mean)) ** 2
    return mean * np.maximum(1 - part + score * np.sqrt(part), 0.1) ** 3


def quantile(maxima: np.ndarray, false_alarms: float) -> float:
    """What a maximum exceeds with this probability: counted, or where they are too few for that, of a fitted Gumbel distribution."""
    if len(maxima) * false_alarms >= 5:
        return float(np.quantile(maxima, 1 - false_alarms, method="higher"))
    scale = maxima.std(ddof=1) * np.sqrt(6) / np.pi
    return float(maxima.mean() - scale * (np.euler_gamma + np.log(-np.log1p(-false_alarms))))
