"""How far rows are from a profile: effect sizes from one pass of counting cells, and the limits they are held to."""

from typing import Any

import numpy as np
import polars as pl

from lifecycle.monitoring import bins

Profile = dict[str, Any]
Effects = dict[str, dict[str, float]]


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


def shares(counts: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The share of each cell in its column, none of them zero."""
    sizes = np.diff(np.r_[starts, counts.size])
    rows = np.repeat(np.add.reduceat(counts, starts), sizes)
    return (counts + 0.5) / (rows + np.repeat(sizes / 2, sizes))


def effects(profile: Profile, X: pl.DataFrame, predictions: pl.DataFrame | None = None) -> Effects:
    """The effect sizes of every column of a profile on these rows: `by_window` with one window."""
    return by_window(profile, X, predictions, np.zeros(X.height, np.int64), 1)[0]


def by_window(profile: Profile, X: pl.DataFrame, predictions: pl.DataFrame | None, window: np.ndarray, number: int) -> list[Effects]:
    """The effect sizes of every column of a profile, for each window of rows.

    A column that the rows lack counts as null throughout. Predictions are left out where none are given.

    Args:
        profile: made by `lifecycle.monitoring.profile.reference`.
        X: model inputs, n rows.
        predictions: of the same rows, as `lifecycle.monitoring.profile.watch` gives them.
        window: for each row the number of its window, from 0, or -1 for none.
        number: how many windows there are.

    Returns:
        For each window, by column: `psi`; `js`, the Jensen-Shannon divergence in bits, 0 to 1 (Lin, 1991);
        `wasserstein`, the distance between the cells' means in units of the reference's interquartile range (for
        categories, where every two values are equally far: the total variation); `rows`; and `limit`, what `psi` may
        be in a window of so many rows.
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
            for into, values, rows in zip(found, _effects(column, counts), counts.sum(axis=1), strict=True):
                into[name] = {**values, "rows": int(rows), "limit": limit(profile, name, int(rows))}
    return found


def of_counts(profile: Profile, name: str, counts: np.ndarray) -> dict[str, float]:
    """The effect sizes of one input whose cells have been counted already, as `by_window` gives them."""
    rows = int(counts.sum())
    return {**_effects(profile["columns"][name], counts[None, :])[0], "rows": rows, "limit": limit(profile, name, rows)}


def _effects(column: dict[str, Any], counts: np.ndarray) -> list[dict[str, float]]:
    reference, start = np.asarray(column["counts"]), np.zeros(1, np.intp)
    p, q = shares(reference, start), counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    middle = (p + q) / 2
    js = (p * np.log2(p / middle) + q * np.log2(np.where(q > 0, q, 1) / middle)).sum(axis=1) / 2
    columns = {"psi": psi(counts, reference, start)[:, 0], "js": np.maximum(js, 0), "wasserstein": _wasserstein(column, p, q)}
    return [{name: float(values[i]) for name, values in columns.items()} for i in range(len(counts))]


def _wasserstein(column: dict[str, Any], p: np.ndarray, q: np.ndarray) -> np.ndarray:
    if "values" in column:
        return np.abs(p - q).sum(axis=1) / 2
    known = q[:, :-1].sum(axis=1, keepdims=True)
    apart = p[:-1] / p[:-1].sum() - q[:, :-1] / np.where(known > 0, known, 1)
    distance = np.abs(np.cumsum(apart, axis=1)[:, :-1]) @ np.diff(column["centres"]) / column["scale"]
    return np.where(known[:, 0] > 0, distance, 0.0)  # all null: no value to be far from


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
    return sorted(found, key=lambda name: -found[name]["psi"] / found[name]["limit"])[:most]
