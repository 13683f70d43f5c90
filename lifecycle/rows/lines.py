"""Lines in time between train, tune and gate."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.errors import NotEnoughData
from lifecycle.splits import TimeSplit

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

LEAST = 20  # labelled rows that each part needs at the very least


def time_bounds(use_case: "UseCase", chosen: TimeSplit, info: pl.DataFrame) -> dict[str, Any]:
    """Lines in time such that the parts have their shares of the rows that are left when warm-up, gaps and the unlabelled tail are out.

    Found by bisection on the end of `train`: the later it is, the fewer rows are left for the gate.
    """
    first, newest = _datetime(info["_time"].min()), _datetime(info["_time"].max())
    start = first + (use_case.history or timedelta(0))
    end = newest - chosen.gap if use_case.columns.one("label_time") else newest
    between = (pl.col("_time") >= start) & (pl.col("_time") <= end)
    times = info.select(pl.col("_time").filter(between).cast(pl.Datetime("us")).sort()).to_series().to_numpy()

    def lines(count: int) -> tuple[datetime, datetime, datetime, datetime, int]:
        train_until = _datetime(times[min(count, len(times) - 1)])
        tune_from = train_until + chosen.gap
        position = int(np.searchsorted(times, np.datetime64(tune_from)))
        position = min(position + round(count * chosen.tune / chosen.train), len(times) - 1)
        tune_until = _datetime(times[position])
        gate_from = tune_until + chosen.gap
        return train_until, tune_from, tune_until, gate_from, len(times) - int(np.searchsorted(times, np.datetime64(gate_from)))

    low, high = 1, max(len(times) - 1, 1)
    while len(times) and low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if lines(middle)[4] >= middle * chosen.gate / chosen.train else (low, middle - 1)
    if len(times) < 3 * LEAST or lines(low)[4] < LEAST or low < LEAST:
        raise NotEnoughData(
            f"use case '{use_case.name}': {newest - first} of rows cannot hold a warm-up of {use_case.history or timedelta(0)} and gaps of"
            f" {chosen.gap} between train, tune and gate with {LEAST} rows each; bring a longer span"
        )
    names = ("train_until", "tune_from", "tune_until", "gate_from")
    drawn = _recent(chosen, lines(low)[:4], end)
    bounds = {name: line.isoformat() for name, line in zip(names, drawn, strict=True)}
    return {"train_from": start.isoformat(), **bounds, "known_until": end.isoformat(), "as_of": newest.isoformat()}


def _recent(chosen: TimeSplit, drawn: Sequence[datetime], end: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """The same lines with the tune and the gate part moved towards the end, where they span more than `longest`."""
    train_until, tune_from, tune_until, gate_from = drawn
    if chosen.longest is None:
        return train_until, tune_from, tune_until, gate_from
    tuned = min(tune_until - tune_from, chosen.longest)
    gate_from = max(gate_from, end - chosen.longest)
    tune_until = gate_from - chosen.gap
    tune_from = tune_until - tuned
    return tune_from - chosen.gap, tune_from, tune_until, gate_from


def _datetime(value: Any) -> datetime:
    return np.datetime64(value, "us").astype(datetime)
