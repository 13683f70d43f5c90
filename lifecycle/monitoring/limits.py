"""What effects look like when nothing has changed: limits for a family of columns, found on the reference's own rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lifecycle.monitoring.effect import PSI
from lifecycle.monitoring.null_windows import FOLDS, MIN_REAL_WINDOWS, Family, Windows, windows
from lifecycle.monitoring.statistic import LimitedStatistic

SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 20_000, 100_000)
SURE = 0.1
"""What is said of all newest windows together is held to this share of the rate of false alarms."""
SPREAD_NOISE = 4.0
"""The variance of the logarithm of a spread that is estimated from windows, times their number."""
DOUBT = 3.5
"""Standard errors beyond which rows that follow each other are taken to be alike."""
MIN_FREEDOM = 3.0
"""Windows are taken to be worth so many independent ones at least."""
LEVEL_NOISE = 0.3
"""By so much the real windows of one size may lie beyond those of smaller sizes by chance."""
NARROWEST, WIDEST = 0.1, 1.5
"""The spread of an effect is within these, in units of its mean: that of a chi-square is 0.1 with 200 degrees of freedom, 1.41 with one."""


def calibrate(
    families: list[Family], statistics: Sequence[LimitedStatistic], sizes: list[int], false_alarms: float, random: np.random.Generator
) -> dict[str, Any]:
    """Limits that hold for all statistics of all columns of all families together, by size of the window.

    Each member (a statistic of a column, or the pairs) is measured in its own units (its mean and spread without drift, brought near the
    normal by the cube root of Wilson and Hilferty, 1931), and the largest of all members is held to one limit: a balanced
    simultaneous limit (Beran, 1988). Windows drawn at random and windows as they came both say what is normal: the
    larger mean, spread and limit are taken. A real window is measured in units that other folds gave: else their
    error would not show; and drawn windows are treated the same way once, for what of the limit is that error alone.

    Returns:
        `sizes`; `held`: by statistic and column, the limit at each size; `joint`: that of the pairs, where there are some; `sure`: at each
        size, how many times the limit (to the statistic's power) an effect is that would come by chance with a tenth of `false_alarms`;
        `psi`: the limits of the PSI where it is all that is looked at, and against the reference as a whole: what counts of the service are
        held to; `false_alarms`; `real`: by size, how many real windows spoke.
    """
    found = [windows(family, statistics, sizes, random) for family in families]
    held, sure = _limits(families, found, [_members(family, statistics) for family in families], sizes, false_alarms, random)
    names = [name for family in families for name in family.names]
    by_statistic: dict[str, dict[str, list[float]]] = {each.name: {} for each in statistics}
    joint: list[float] = []
    for family, limit in zip(families, held, strict=True):
        number = len(family.names)
        for at, each in enumerate(statistics):
            values = limit[:, at * number : (at + 1) * number] ** (1 / each.power)
            by_statistic[each.name] |= {name: _short(values[:, i]) for i, name in enumerate(family.names)}
        if family.pairs is not None:
            joint = _short(np.sqrt(limit[:, -1]))
    return {
        "sizes": sizes,
        "psi": dict(zip(names, _alone(families, found, statistics, sizes, false_alarms, random), strict=True)),
        "held": by_statistic,
        "joint": joint,
        "sure": _short(np.asarray(sure)),
        "false_alarms": false_alarms,
        "real": [max((family.number(i) for family in found), default=0) for i in range(len(sizes))],
    }


def _short(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


@dataclass(frozen=True)
class Members:
    """For each member its `floor` (`LimitedStatistic.floor`), and the `group` of those of one statistic."""

    floor: np.ndarray
    group: np.ndarray


def _members(family: Family, statistics: Sequence[LimitedStatistic]) -> Members:
    number, pairs = len(family.names), [0.0] * (family.pairs is not None)
    return Members(
        np.r_[np.repeat([each.floor for each in statistics], number), pairs],
        np.r_[np.repeat(np.arange(len(statistics)), number), [len(statistics) for _ in pairs]].astype(int),
    )


def _alone(
    families: list[Family],
    found: list[Windows],
    statistics: Sequence[LimitedStatistic],
    sizes: list[int],
    false_alarms: float,
    random: np.random.Generator,
) -> list[list[float]]:
    """The limits of the PSI as if nothing else were looked at, against the reference as a whole, by column of all families."""
    at = next(i for i, each in enumerate(statistics) if each.name == PSI)
    chosen: list[Windows] = []
    for family, many in zip(families, found, strict=True):
        if family.seasonal:
            plain = replace(family, by="", seasonal=(), pairs=None)
            chosen.append(windows(plain, [statistics[at]], sizes, random))
        else:
            number = len(family.names)
            chosen.append(many.members(slice(at * number, (at + 1) * number)))
    limits, _ = _limits(
        families, chosen, [_members(replace(family, pairs=None), [statistics[at]]) for family in families], sizes, false_alarms, random
    )
    return [_short(values) for values in np.concatenate(limits, axis=1).T]


def _limits(
    families: list[Family], found: list[Windows], members: list[Members], sizes: list[int], false_alarms: float, random: np.random.Generator
) -> tuple[list[np.ndarray], list[float]]:
    """The limits of each family's members, shape (sizes, members), and how far beyond them is sure."""
    units = [
        [_units(each, one, sizes, family.rows, left_out) for left_out in (None, *range(FOLDS))]
        for family, each, one in zip(families, found, members, strict=True)
    ]
    limits: list[np.ndarray] = []
    sure: list[float] = []
    rates = (false_alarms, false_alarms * SURE)
    beyond: list[np.ndarray] = []
    for i, size in enumerate(sizes):
        drawn = [_drawn_maxima(each.drawn[i], one, size, family.rows) for family, each, one in zip(families, found, members, strict=True)]
        if any(each.number(i) >= MIN_REAL_WINDOWS for each in found):
            real, sham = [], []
            for at, (family, each, unit) in enumerate(zip(families, found, units, strict=True)):
                enough = each.number(i) >= MIN_REAL_WINDOWS
                real.append(_real_maxima(each.real[i], [one[i] for one in unit[1:]]) if enough else drawn[at])
                sham.append(_sham_maxima(each, members[at], i, size, family.rows, random) if enough else drawn[at])
            levels = [np.array([quantile(_together(each, random), rate) for rate in rates]) for each in (real, sham)]
            beyond.append(levels[0] - levels[1])
        more = np.maximum(np.maximum(np.mean(beyond, axis=0), beyond[-1] - LEVEL_NOISE), 0) if beyond else 0.0
        top = np.array([quantile(_together(drawn, random), rate) for rate in rates]) + more
        values = [np.concatenate([_value(each, *unit[0][i]) for unit in units]) for each in top]
        limits.append(values[0])
        sure.append(float(max((values[1] / values[0]).max(), 1.0)))
    together = np.minimum.accumulate(limits)  # more rows never vary more
    return np.split(together, np.cumsum([len(unit[0][0][0]) for unit in units])[:-1], axis=1), sure


Unit = tuple[np.ndarray, np.ndarray]


def _units(found: Windows, members: Members, sizes: list[int], rows: int, left_out: int | None) -> list[Unit]:
    """The mean and spread of each member, by size of the window; real ones from all folds but one.

    To sizes with few real windows the design effect of smaller ones (how many times the mean of drawn windows theirs is)
    is carried on, growing with the size as it has grown so far.
    """
    units: list[Unit] = []
    known: list[tuple[int, np.ndarray, np.ndarray]] = []
    depends = np.zeros(len(members.group), bool)
    for i, size in enumerate(sizes):
        mean, relative = _drawn_unit(found.drawn[i], members, size, rows)
        if found.number(i) >= MIN_REAL_WINDOWS:
            real = np.concatenate([fold for f, fold in enumerate(found.real[i]) if f != left_out])
            effect, wide = _real_unit(real, mean, relative, members)
            depends |= _dependent(real, mean, members)
            effect = np.where(depends, effect * _few(found.real[i], left_out), 1.0)
            wide = np.where(depends, wide, relative)
            known.append((size, effect, wide))
        effect, wide = _carried(known, size) if known else (1.0, 0.0)
        units.append((mean * effect, mean * effect * np.clip(np.maximum(relative, wide), NARROWEST, WIDEST)))
    return units


def _drawn_unit(drawn: np.ndarray, members: Members, size: int, rows: int) -> Unit:
    """The mean, and the spread as its share, of windows that are drawn at random."""
    mean = np.maximum(drawn.mean(axis=0), np.maximum(members.floor * (1 / size + 1 / rows), 1e-12))  # the least: for columns that never vary
    return mean, drawn.std(axis=0) / mean


def _real_unit(real: np.ndarray, mean: np.ndarray, relative: np.ndarray, members: Members) -> Unit:
    """The design effect, and the relative spread, of real windows."""
    average = np.maximum(real.mean(axis=0), mean * 1e-3)
    return _shrunk(members.group, average / mean, real.std(axis=0, ddof=1) / average, relative, len(real))


def _sham_maxima(found: Windows, members: Members, at: int, size: int, rows: int, random: np.random.Generator) -> np.ndarray:
    """The largest effect of drawn windows that are treated as if they were real ones: what of those is noise of the units, and no dependence."""
    mean, relative = _drawn_unit(found.drawn[at], members, size, rows)
    chosen = random.permutation(len(found.drawn[at]))[: found.number(at)]
    folds = [found.drawn[at][part] for part in np.array_split(chosen, FOLDS)]
    units = []
    for left_out in range(FOLDS):
        effect, wide = _real_unit(np.concatenate([fold for f, fold in enumerate(folds) if f != left_out]), mean, relative, members)
        units.append((mean * effect, mean * effect * np.clip(np.maximum(relative, wide), NARROWEST, WIDEST)))
    return _real_maxima(folds, units)


def _dependent(real: np.ndarray, mean: np.ndarray, members: Members) -> np.ndarray:
    """Whether real windows are further off than drawn ones, beyond doubt: a member by itself, or the members of a statistic on average."""
    average = np.maximum(real.mean(axis=0), mean * 1e-3)
    noise = real.std(axis=0, ddof=1) / average / np.sqrt(len(real))
    found = np.log(average / mean) > DOUBT * noise
    for one in np.unique(members.group):
        inside = members.group == one
        found[inside] |= np.log(average / mean)[inside].mean() > DOUBT * np.sqrt((noise[inside] ** 2).mean() / inside.sum())
    return found


def _few(folds: list[np.ndarray], left_out: int | None) -> np.ndarray:
    """By how much a limit must be wider since real windows that follow each other say the same: of sixty days of a slow wave there are three.

    The square of Student's t over the normal distribution's quantile, at one in a thousand, for as many degrees of freedom as there are
    independent windows by their first autocorrelation (Bartlett, 1946).
    """
    from scipy.special import stdtrit

    kept = [fold for f, fold in enumerate(folds) if f != left_out and len(fold) > 1]
    number = sum(map(len, kept))
    middle = np.concatenate(kept).mean(axis=0)
    before, after = (np.concatenate([fold[part] - middle for fold in kept]) for part in (slice(None, -1), slice(1, None)))
    along = (before * after).mean(axis=0) / np.maximum((np.concatenate(kept) - middle).var(axis=0), 1e-300)
    along = np.clip(along - 1 / np.sqrt(number), 0, 0.95)
    freedom = np.maximum(number * (1 - along) / (1 + along), MIN_FREEDOM)
    return (stdtrit(freedom, 0.999) / stdtrit(np.inf, 0.999)) ** 2


def _shrunk(group: np.ndarray, effect: np.ndarray, wide: np.ndarray, relative: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Design effects and relative spreads from so many real windows, drawn to those of all columns by as much as they are noise.

    Empirical Bayes (Efron and Morris, 1975) on their logarithms, by statistic: where the columns' effects differ no more than such
    estimates do by chance, all have the common one; else the luckless columns' limits would be far too wide, and hide what changes.
    """
    ratio = np.maximum(wide, NARROWEST) / np.maximum(relative, NARROWEST)
    found = []
    for values, noise in ((effect, wide**2 / number), (ratio, np.full(len(wide), SPREAD_NOISE / number))):
        logs = np.log(np.maximum(values, 1e-3))
        out = logs.copy()
        for one in np.unique(group):
            inside = group == one
            middle = logs[inside].mean()
            between = max(logs[inside].var() - noise[inside].mean(), 0.0)
            middle += np.sqrt(
                noise[inside].mean() / inside.sum()
            )  # a limit that is too narrow by chance raises alarms for as long as the model lives
            out[inside] = middle + between / np.maximum(between + noise[inside], 1e-12) * (logs[inside] - middle)
        found.append(np.exp(out))
    return np.maximum(found[0], 1), found[1] * relative


def _carried(known: list[tuple[int, np.ndarray, np.ndarray]], size: int) -> tuple[np.ndarray, np.ndarray]:
    """The design effect and the relative spread at a size, from those at smaller ones (and this one, if it is known)."""
    last, effect, wide = known[-1]
    earlier = [one for one in known if one[0] * 4 <= last] or known[:1]
    if size == last or earlier[-1][0] == last:
        return effect, wide
    growth = np.log(effect / earlier[-1][1]) / np.log(last / earlier[-1][0])
    return effect * (size / last) ** np.clip(growth, 0, 1), wide


def _drawn_maxima(drawn: np.ndarray, members: Members, size: int, rows: int) -> np.ndarray:
    """In their own units: how large the largest of so many members is where nothing depends on anything."""
    mean, relative = _drawn_unit(drawn, members, size, rows)
    return _maxima(drawn, (mean, mean * np.clip(relative, NARROWEST, WIDEST)))


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
