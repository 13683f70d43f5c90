"""How far rows are from a profile: effect sizes from one pass of counting cells, and the limits they are held to."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle import variants
from lifecycle.monitoring import bins, joint, seasons
from lifecycle.monitoring.effect import LATER, PSI, Effect
from lifecycle.monitoring.statistic import DriftStatistic, Layout, LimitedStatistic, shares

if TYPE_CHECKING:
    from lifecycle.usecase import Monitoring

FOLDER = "lifecycle.monitoring.statistics"
REACHES = ("lifecycle.monitoring.statistics",)  # statistics are found in the folder: no code names them
Profile = dict[str, Any]
Effects = dict[str, Effect]
"""By column; of a pair of columns by `a ~ b`."""
MAX_PAIRS_TOLD = 3
MAX_CELLS = 20_000_000
"""Scores of so many rows and columns are held at a time."""


def limited() -> list[LimitedStatistic]:
    """The statistics that are held to limits."""
    return [each for each in variants.found(FOLDER, "statistic", DriftStatistic) if isinstance(each, LimitedStatistic)]


def effects(profile: Profile, X: pl.DataFrame, predictions: pl.DataFrame | None = None) -> Effects:
    """The effect sizes of every column of a profile on these rows: `by_window` with one window."""
    return by_window(profile, X, predictions, np.zeros(X.height, np.int64), 1)[0]


def by_window(
    profile: Profile,
    X: pl.DataFrame,
    predictions: pl.DataFrame | None,
    window: np.ndarray,
    number: int,
    more: Sequence[DriftStatistic] = (),
    time: pl.Series | None = None,
    policy: "Monitoring | None" = None,
) -> list[Effects]:
    """The effect sizes of every column of a profile, for each window of rows.

    A column that the rows lack counts as null throughout. Predictions are left out where none are given.

    Args:
        profile: made by `lifecycle.monitoring.profile.reference`.
        X: model inputs, n rows, beside the views of them that the profile has (`lifecycle.monitoring.role_views`).
        predictions: of the same rows, as `lifecycle.monitoring.profile.watch` gives them.
        window: for each row the number of its window, from 0, or -1 for none.
        number: how many windows there are.
        more: statistics beside those of the folder.
        time: of the rows, where they have one: their hours and weekdays are compared with the same in the reference.
        policy: says which effects are too small to matter; `None`: whatever is beyond its limit matters.

    Returns:
        The effects in each window.
    """
    return of_windows(profile, counted(profile, X, predictions, window, number, time), more, policy)


class Counted:
    """Rows of windows by cell, and what else windows are judged by: sums, so that those of several windows together are their sum.

    Attributes:
        cells: by family (`columns`, `predictions`) the rows by cell of all its columns, shape (windows, cells).
        mix: by season, shape (windows, seasons), where the profile has seasons and the rows a time.
        pairs: the sums of pairs, shape (windows, ...), where the profile has pairs.
        rows: of each window, length (windows,).
    """

    def __init__(self, cells: Mapping[str, np.ndarray], mix: np.ndarray | None, pairs: np.ndarray | None, rows: np.ndarray) -> None:
        self.cells, self.mix, self.pairs, self.rows = cells, mix, pairs, rows

    def together(self, which: Sequence[Sequence[int]]) -> "Counted":
        """For each of these choices of windows, all of them as one."""
        weights = np.zeros((len(which), len(self.rows)))
        for row, chosen in enumerate(which):
            weights[row, list(chosen)] = 1.0
        mix, pairs = (None if each is None else weights @ each for each in (self.mix, self.pairs))
        return Counted({name: weights @ cells for name, cells in self.cells.items()}, mix, pairs, weights @ self.rows)

    def taken(self, which: Sequence[int]) -> "Counted":
        """Some of the windows."""
        return self.together([[one] for one in which])


def counted(
    profile: Profile, X: pl.DataFrame, predictions: pl.DataFrame | None, window: np.ndarray, number: int, time: pl.Series | None = None
) -> Counted:
    """Count the rows of windows into the cells of a profile. Arguments: those of `by_window`."""
    inside = window >= 0
    cells: dict[str, np.ndarray] = {}
    codes: list[np.ndarray] = []
    for family, frame in (("columns", X), ("predictions", predictions)):
        if frame is None or not profile[family]:
            continue
        found = []
        for name, column in profile[family].items():
            code = bins.codes(column, _series(name, frame))
            size = bins.cells(column)
            found.append(np.bincount((window * size + code)[inside], minlength=number * size).reshape(number, size))
            if family == "columns":
                codes.append(code)
        cells[family] = np.concatenate(found, axis=1)
    by = profile.get("seasons", {}).get("by")
    mix = None
    if by and time is not None:
        length = seasons.LENGTHS[by]
        mix = np.bincount((window * length + seasons.of(by, time))[inside], minlength=number * length).reshape(number, length)
    pairs = joint.read(profile.get("joint"), list(profile["columns"]))
    sums = None if pairs is None else np.stack([_paired(pairs, codes, np.flatnonzero(window == one)) for one in range(number)])
    return Counted(cells, mix, sums, np.bincount(window[inside], minlength=number))


def _series(name: str, frame: pl.DataFrame) -> pl.Series:
    return frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.Float64, eager=True)


def _paired(pairs: joint.Pairs, codes: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    total = np.zeros(pairs.width)
    step = MAX_CELLS // max(len(pairs.scores.column), 1)
    for start in range(0, len(rows), step):
        z = pairs.scores.of(codes, rows[start : start + step])
        total += pairs.sums(z[None, :, :])[0]
    return total


def of_windows(profile: Profile, windows: Counted, more: Sequence[DriftStatistic] = (), policy: "Monitoring | None" = None) -> list[Effects]:
    """The effect sizes in windows whose rows have been counted. Arguments: those of `by_window`."""
    found: list[Effects] = [{} for _ in windows.rows]
    for family, cells in windows.cells.items():
        columns = profile[family]
        layout = Layout(list(columns.values()))
        p = seasons.shares(profile, list(columns), layout.starts, shares(layout.counts, layout.starts), windows.mix if family == "columns" else None)
        for into, each in zip(found, _family(profile, list(columns), layout, cells, p, more, policy), strict=True):
            into.update(each)
    pairs = joint.read(profile.get("joint"), list(profile["columns"]))
    if pairs is not None and windows.pairs is not None:
        for into, sums, rows in zip(found, windows.pairs, windows.rows, strict=True):
            into.update(_joint(profile, pairs, sums, int(rows), policy, {name for name, one in into.items() if one.beyond}))
    return found


def _family(
    profile: Profile, names: list[str], layout: Layout, cells: np.ndarray, p: np.ndarray, more: Sequence[DriftStatistic], policy: "Monitoring | None"
) -> list[Effects]:
    """The effects of the columns of one family in each window."""
    held = {each: each.of(layout, cells, p) for each in limited()}
    told = [each for each in (*variants.found(FOLDER, "statistic", DriftStatistic), *more) if each not in held]
    rows = np.add.reduceat(cells, layout.starts, axis=1)
    limits = {
        each: np.stack([held_limit(profile, each.name, name, rows[:, at], each.power) for at, name in enumerate(names)], axis=1) for each in held
    }
    if policy is not None:
        limits = {each: np.maximum(one, policy.least_psi) if each.name == PSI else one for each, one in limits.items()}
    excess = {
        each: np.where(_matters(each, layout, cells, p, values, policy), (values / limits[each]) ** each.power, 0.0) for each, values in held.items()
    }
    beside = [
        {each.name: each.values(column, cells[:, at : at + size]) for each in told}
        for column, at, size in zip(layout.columns, layout.starts, layout.sizes, strict=True)
    ]
    certain = sure(profile, rows[:, 0])
    found: list[Effects] = [{} for _ in cells]
    for i, into in enumerate(found):
        for at, name in enumerate(names):
            values = {each.name: float(value[i, at]) for each, value in held.items()}
            most = max(float(one[i, at]) for one in excess.values())
            known = {each: float(one[i, at]) for each, one in limits.items() if one[i, at] < np.inf}
            beyond = sorted((each for each, one in excess.items() if one[i, at] > 1), key=lambda each: -excess[each][i, at])
            inside = slice(layout.starts[at], layout.starts[at] + layout.sizes[at])
            into[name] = Effect.model_construct(
                {"statistics", "rows", "limit", *LATER},
                statistics={**values, **{other: float(value[i]) for other, value in beside[at].items()}},
                rows=int(rows[i, at]),
                limit=next((one for each, one in known.items() if each.name == PSI), float("inf")),
                limits={each.name: one for each, one in known.items()},
                found=tuple(each.name for each in beyond),
                excess=most,
                sure=bool(most > certain[i]),
                said=_said(name, layout.columns[at], cells[i, inside], p[i, inside] if p.ndim == 2 else p[inside], values, known, beyond),
            )
    return found


def _said(
    name: str, column: Mapping[str, Any], counts: np.ndarray, p: np.ndarray, values: Mapping[str, float],
    limits: Mapping[LimitedStatistic, float], beyond: Sequence[LimitedStatistic],
) -> str:  # fmt: skip
    """The PSI, which people know, where it is beyond its limit; else what is furthest beyond."""
    if not beyond:
        return ""
    shown = next((each for each in beyond if each.name == PSI), beyond[0])
    return f"{name} ({shown.says(column, counts, p, values[shown.name], limits[shown])})"


def _matters(
    statistic: LimitedStatistic, layout: Layout, cells: np.ndarray, p: np.ndarray, values: np.ndarray, policy: "Monitoring | None"
) -> np.ndarray:
    if policy is None:
        return np.ones(values.shape, bool)
    return statistic.matters(layout, cells, p, values, policy.least_of(statistic.name, statistic.least))


def _joint(profile: Profile, pairs: joint.Pairs, sums: np.ndarray, rows: int, policy: "Monitoring | None", alone: set[str]) -> Effects:
    """The pairs of columns whose correlation is beyond its limit, the furthest first; of two columns the furthest pair of their scores.

    Where a column is beyond a limit by itself, that explains its correlations.
    """
    limit = float(scaled(profile["limits"], profile["limits"]["joint"], np.asarray(rows), power=2))
    r = pairs.correlations(sums[None, :], np.array([rows]))[0]
    apart = np.nan_to_num(r - pairs.r)
    far = np.abs(apart) / np.sqrt(pairs.v)
    least = 0.0 if policy is None else policy.least_of(joint.NAME, joint.LEAST)
    names, found = list(profile["columns"]), {}
    for at in np.argsort(-far, kind="stable"):
        if far[at] <= limit or len(found) >= MAX_PAIRS_TOLD:
            break
        one, other = (pairs.scores.column[score[at]] for score in (pairs.first, pairs.second))
        name = " ~ ".join(sorted([names[one], names[other]]))
        if abs(apart[at]) < least or name in found or alone & {names[one], names[other]}:
            continue
        both = [f"{names[pairs.scores.column[score[at]]]}{pairs.scores.label[score[at]]}" for score in (pairs.first, pairs.second)]
        excess = float((far[at] / limit) ** 2)
        found[name] = Effect(
            statistics={joint.NAME: float(abs(apart[at]))},
            rows=rows,
            limit=float(limit * np.sqrt(pairs.v[at])),
            limits={joint.NAME: float(limit * np.sqrt(pairs.v[at]))},
            found=(joint.NAME,),
            excess=excess,
            sure=excess > float(sure(profile, np.asarray(rows))),
            said=f"{both[0]} with {both[1]} (correlation {r[at]:+.2f}, {pairs.r[at]:+.2f} in training)",
        )
    return found


def of_counts(profile: Profile, name: str, counts: np.ndarray) -> Effect:
    """The PSI of one input whose cells have been counted already, wherever its rows come from, beside what it may be if nothing else is looked at."""
    rows = int(counts.sum())
    column = profile["columns"][name]
    found = {each.name: float(each.values(column, counts[None, :])[0]) for each in variants.found(FOLDER, "statistic", DriftStatistic)}
    return Effect(statistics=found, rows=rows, limit=limit(profile, name, rows))


def limit(profile: Profile, name: str, rows: int) -> float:
    """What the PSI of a column may be in a window of so many rows, the PSI of all columns of the profile being watched and nothing else."""
    return float(scaled(profile["limits"], profile["limits"]["psi"][name], np.asarray(rows)))


def held_limit(profile: Profile, statistic: str, name: str, rows: np.ndarray, power: float = 1.0) -> np.ndarray:
    """What a statistic of a column may be in windows of so many rows, all statistics of all columns and the pairs being watched.

    A profile that was made when the PSI was all that was held has no limit for another: infinite.
    """
    limits = profile["limits"]
    held = limits.get("held", {PSI: limits["psi"]})
    values = held.get(statistic, {}).get(name)
    return np.full(np.shape(rows), np.inf) if values is None else scaled(limits, values, rows, power)


def scaled(limits: Mapping[str, Any], values: Sequence[float], rows: np.ndarray, power: float = 1.0) -> np.ndarray:
    """A limit for windows of so many rows, from those of the sizes that were calibrated for.

    Between the sizes its logarithm is taken as linear in the logarithm of the size; below them its power grows as `1/rows`; above
    them it stays.
    """
    sizes, known, number = np.asarray(limits["sizes"], float), np.maximum(np.asarray(values, float), 1e-12), np.maximum(rows, 1)
    inside = np.exp(np.interp(np.log(number), np.log(sizes), np.log(known)))
    return inside * np.maximum(sizes[0] / number, 1.0) ** (1 / power)


def sure(profile: Profile, rows: np.ndarray) -> np.ndarray:
    """From which excess on an effect would come by chance with a tenth of the rate of false alarms only."""
    limits = profile["limits"]
    return np.interp(np.log(np.maximum(rows, 1)), np.log(limits["sizes"]), limits["sure"]) if "sure" in limits else np.full(np.shape(rows), 1.5)


def worst(found: Effects, most: int = 10) -> list[str]:
    """The columns and pairs furthest beyond (or nearest to) their limits, furthest first."""
    return sorted(found, key=lambda name: -max(found[name].excess, found[name].psi / found[name].limit if found[name].limit > 0 else 0.0))[:most]
