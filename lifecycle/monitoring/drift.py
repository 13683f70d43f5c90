"""How far rows are from a profile: effect sizes from one pass of counting cells, and the limits they are held to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from lifecycle import variants
from lifecycle.monitoring import bins
from lifecycle.monitoring.effect import Effect
from lifecycle.monitoring.statistic import DriftStatistic

FOLDER = "lifecycle.monitoring.statistics"
REACHES = ("lifecycle.monitoring.statistics",)  # statistics are found in the folder: no code names them
Profile = dict[str, Any]
Effects = dict[str, Effect]
"""By column."""


def effects(profile: Profile, X: pl.DataFrame, predictions: pl.DataFrame | None = None) -> Effects:
    """The effect sizes of every column of a profile on these rows: `by_window` with one window."""
    return by_window(profile, X, predictions, np.zeros(X.height, np.int64), 1)[0]


def by_window(
    profile: Profile, X: pl.DataFrame, predictions: pl.DataFrame | None, window: np.ndarray, number: int, more: Sequence[DriftStatistic] = ()
) -> list[Effects]:
    """The effect sizes of every column of a profile, for each window of rows.

    A column that the rows lack counts as null throughout. Predictions are left out where none are given.

    Args:
        profile: made by `lifecycle.monitoring.profile.reference`.
        X: model inputs, n rows.
        predictions: of the same rows, as `lifecycle.monitoring.profile.watch` gives them.
        window: for each row the number of its window, from 0, or -1 for none.
        number: how many windows there are.
        more: statistics beside those of the folder.

    Returns:
        The effects in each window.
    """
    found: list[Effects] = [{} for _ in range(number)]
    inside = window >= 0
    for family, frame in (("columns", X), ("predictions", predictions)):
        if frame is None:
            continue
        for name, column in profile[family].items():
            series = frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, pl.Float64)
            size = bins.cells(column)
            cell = (window * size + bins.codes(column, series))[inside]
            counts = np.bincount(cell, minlength=number * size).reshape(number, size)
            for into, values, rows in zip(found, _effects(column, counts, more), counts.sum(axis=1), strict=True):
                into[name] = Effect(statistics=values, rows=int(rows), limit=limit(profile, name, int(rows)))
    return found


def of_counts(profile: Profile, name: str, counts: np.ndarray) -> Effect:
    """The effect sizes of one input whose cells have been counted already, as `by_window` gives them."""
    rows = int(counts.sum())
    return Effect(statistics=_effects(profile["columns"][name], counts[None, :])[0], rows=rows, limit=limit(profile, name, rows))


def _effects(column: dict[str, Any], counts: np.ndarray, more: Sequence[DriftStatistic] = ()) -> list[dict[str, float]]:
    found = {each.name: each.values(column, counts) for each in (*variants.found(FOLDER, "statistic", DriftStatistic), *more)}
    return [{name: float(values[i]) for name, values in found.items()} for i in range(len(counts))]


def limit(profile: Profile, name: str, rows: int) -> float:
    """What the PSI of a column may be in a window of so many rows, all columns of the profile being watched.

    Between the sizes it was calibrated for, its logarithm is taken as linear in the logarithm of the size; below them
    it grows as `1/rows`; above them it stays.
    """
    limits = profile["limits"]
    sizes, values = np.asarray(limits["sizes"], float), np.asarray(limits["psi"][name], float)
    inside = float(np.exp(np.interp(np.log(max(rows, 1)), np.log(sizes), np.log(values))))
    return inside * max(sizes[0] / max(rows, 1), 1.0)


def worst(found: Effects, most: int = 10) -> list[str]:
    """The columns furthest beyond (or nearest to) their limits, furthest first."""
    return sorted(found, key=lambda name: -found[name].psi / found[name].limit)[:most]
