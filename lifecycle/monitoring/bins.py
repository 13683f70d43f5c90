"""Columns cut into few cells: what a profile keeps of a column, and where a row falls in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
DISTINCT = 20
"""Numbers with at most so many values, and the most frequent categories, have a cell for each."""
QUANTILE_ROWS = 50_000
HEAVY = 0.05
"""A value that holds this share of a column has a cell of its own."""
CHUNK_ROWS = 32_768


def fit(series: pl.Series) -> dict[str, Any]:
    """The cells of a column, from its values; not yet its counts.

    Returns:
        For numbers `edges` (k ascending values; cells: below the first, between each two, from the last on, null),
        `centres` (the mean of each cell but null) and `scale` (the interquartile range, else the standard deviation).
        For categories `values` (cells: one each, other, null).
    """
    if not series.dtype.is_numeric():
        counts = series.drop_nulls().cast(pl.String).value_counts().sort(["count", series.name], descending=[True, False])
        return {"values": counts[series.name].head(DISTINCT).to_list()}
    known = np.sort(_sample(_numbers(series)))
    if not known.size:
        return {"edges": [0.0], "centres": [0.0, 0.0], "scale": 1.0}
    edges = _edges(series, known)
    cell = np.searchsorted(edges, known, side="right")
    sums, counts = np.bincount(cell, known, len(edges) + 1), np.bincount(cell, minlength=len(edges) + 1)
    around = np.r_[edges[0], edges]
    centres = np.where(counts > 0, sums / np.maximum(counts, 1), around)
    low, high = np.quantile(known, [0.25, 0.75])
    return {"edges": edges.tolist(), "centres": centres.tolist(), "scale": float(high - low) or float(known.std()) or 1.0}


def _numbers(series: pl.Series) -> np.ndarray:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _sample(values: np.ndarray) -> np.ndarray:
    known = values[np.isfinite(values)]
    # a step that is odd and prime: no rhythm of the rows falls in with it
    return known if known.size <= QUANTILE_ROWS else known[(np.arange(QUANTILE_ROWS) * 999_983) % known.size]


def _edges(series: pl.Series, known: np.ndarray) -> np.ndarray:
    """The quantiles' values, the ends of the range, and both sides of every heavy value."""
    finite = series.cast(pl.Float64).replace([np.inf, -np.inf, np.nan], [None] * 3) if series.dtype.is_float() else series
    low, high = (float(value) for value in (finite.min(), finite.max()))  # pyright: ignore[reportArgumentType]
    after = np.nextafter(high, np.inf)
    values, counts = np.unique(known, return_counts=True)
    if len(values) <= DISTINCT:
        return np.unique(np.r_[low, values, after])
    heavy = values[counts >= HEAVY * known.size]
    quantiles = np.quantile(known, QUANTILES, method="inverted_cdf")
    return np.unique(np.r_[low, quantiles, heavy, np.nextafter(heavy, np.inf), after])


def cells(column: Mapping[str, Any]) -> int:
    """How many cells a column has, the one for nulls being the last."""
    return len(column["edges"]) + 2 if "edges" in column else len(column["values"]) + 2


def codes(column: Mapping[str, Any], series: pl.Series) -> np.ndarray:
    """The cell of every row, as uint8."""
    null = cells(column) - 1
    if "values" in column:
        found = series.cast(pl.String).replace_strict(
            column["values"], np.arange(null - 1), default=pl.lit(null - 1, pl.UInt8), return_dtype=pl.UInt8
        )
        return found.set(series.is_null(), null).to_numpy()
    values = _numbers(series)
    out = np.zeros(len(values), np.uint8)
    for start in range(0, len(values), CHUNK_ROWS):  # comparing a cached chunk with each edge is 5x faster than a search
        chunk, code = values[start : start + CHUNK_ROWS], out[start : start + CHUNK_ROWS]
        for edge in column["edges"]:
            code += chunk >= edge
        code[np.isnan(chunk)] = null
    return out
