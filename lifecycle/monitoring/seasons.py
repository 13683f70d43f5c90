"""The hour and the weekday of rows: what is expected of a window depends on when its rows are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

HOURS, DAYS = 24, 7
LENGTHS = {"hour of the day": HOURS, "day of the week": DAYS, "hour of the week": HOURS * DAYS}
"""How many seasons each division has, the coarser ones first."""
PULL = 50.0
"""A season's shares are drawn to those of all rows, as by so many rows."""


def of(by: str, time: pl.Series) -> np.ndarray:
    """The season of each moment, length n; a missing moment is in the first."""
    moment = time.cast(pl.Datetime("us")).dt
    hour, day = moment.hour().fill_null(0).cast(pl.Int64).to_numpy(), (moment.weekday().fill_null(1) - 1).cast(pl.Int64).to_numpy()
    return {"hour of the day": hour, "day of the week": day, "hour of the week": day * HOURS + hour}[by]


def table(code: np.ndarray, cells: int, season: np.ndarray, seasons: int) -> np.ndarray:
    """Rows of one column by season and cell, shape (seasons, cells)."""
    return np.bincount(season * cells + code, minlength=seasons * cells).reshape(seasons, cells)


def expected(counts: np.ndarray, p: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """The shares of the cells that a window should have whose rows lie in the seasons as `mix` says: the seasons' shares, weighted.

    Args:
        counts: of the reference by season, shape (seasons, cells) of one column.
        p: the shares of the reference as a whole, shape (cells,).
        mix: rows of each window by season, shape (windows, seasons).

    Returns:
        Shape (windows, cells).
    """
    by_season = (counts + PULL * p) / (counts.sum(axis=1, keepdims=True) + PULL)
    return (mix / np.maximum(mix.sum(axis=1, keepdims=True), 1)) @ by_season


def shares(profile: Mapping[str, Any], names: Sequence[str], starts: np.ndarray, p: np.ndarray, mix: np.ndarray | None) -> np.ndarray:
    """The shares that are expected of each window: those of the reference, and of a column with seasons those of the window's hours and days.

    Args:
        profile: made by `lifecycle.monitoring.profile.reference`.
        names: its columns, laid end to end.
        starts: the first cell of each.
        p: the shares of the reference as a whole, shape (cells,).
        mix: rows of each window by season, where the profile has seasons and the rows a time.

    Returns:
        Shape (cells,), or (windows, cells).
    """
    tables = profile.get("seasons", {}).get("columns", {})
    if mix is None or not any(name in tables for name in names):
        return p
    found = np.repeat(p[None, :], len(mix), axis=0)
    for name, start in zip(names, starts, strict=True):
        if name in tables:
            counts = np.asarray(tables[name], float)
            inside = slice(start, start + counts.shape[1])
            found[:, inside] = expected(counts, p[inside], mix)
    return found
