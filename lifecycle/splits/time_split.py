"""By time: the oldest rows train, the newest judge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl

from lifecycle.errors import NotEnoughData
from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.folds import FOLDS
from lifecycle.splits.split import MIN_PART_ROWS, Shares

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class TimeBoundaries(Boundaries):
    """Lines in time.

    Attributes:
        train_from: the end of the warm-up.
        train_until, tune_from, tune_until, gate_from: the ends and the beginnings of the parts.
        known_until: the newest moment of a row whose label can be known.
        as_of: the newest row when the lines were drawn; what was not known by then is not known.
    """

    train_from: datetime
    train_until: datetime
    tune_from: datetime
    tune_until: datetime
    gate_from: datetime
    known_until: datetime
    as_of: datetime


@dataclass(frozen=True)
class TimeSplit(Shares[TimeBoundaries]):
    """Oldest rows train, then tune, then gate; `gap` is left out between them: at least the delay of the labels."""

    gap: timedelta = timedelta(0)
    longest: timedelta | None = None
    """The tune and the gate part span at most so long, whatever their shares: what is newer reaches training sooner, and a
    model made after a drift has seen the world as it is now. Empty: as their shares say."""

    role: ClassVar[str] = "time"
    boundaries: ClassVar[type[Boundaries]] = TimeBoundaries
    repeats: ClassVar[int | None] = 1

    def bounds(self, use_case: "UseCase", info: pl.DataFrame) -> TimeBoundaries:
        return time_bounds(use_case, self, info)

    def part(self, use_case: "UseCase", bounds: TimeBoundaries) -> pl.Expr:
        """A row's part by its time; in train and tune only rows whose label was known when the next part began."""
        at = {name: pl.lit(line).cast(pl.Datetime("us")) for name, line in vars(bounds).items()}
        time = pl.col("_time")
        label_time = use_case.columns.one("label_time")
        known = pl.col(label_time) if label_time else time
        return (
            pl.when(time < at["train_from"]).then(pl.lit("warm_up"))
            .when(time < at["train_until"]).then(pl.when(known <= at["tune_from"]).then(pl.lit("train")).otherwise(pl.lit("gap")))
            .when(time < at["tune_from"]).then(pl.lit("gap"))
            .when(time < at["tune_until"]).then(pl.when(known <= at["gate_from"]).then(pl.lit("tune")).otherwise(pl.lit("gap")))
            .when(time < at["gate_from"]).then(pl.lit("gap"))
            .when((time <= at["known_until"]) & (known <= at["as_of"])).then(pl.lit("gate"))
            .otherwise(pl.lit("unlabelled"))
        )  # fmt: skip

    def rule(self, use_case: "UseCase") -> str:
        return "TimeSplit"

    def hashed(self, use_case: "UseCase") -> None:
        return None

    def unseen_from(self, bounds: TimeBoundaries) -> datetime:
        return bounds.gate_from

    def folds(self, use_case: "UseCase", rows: "Rows", repeat: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Forward chaining: each block of the later half is predicted from the rows, and labels, that were there before it."""
        time = rows.info["_time"].cast(pl.Datetime("us")).to_physical().to_numpy()
        label_time = use_case.columns.one("label_time")
        known = rows.info[label_time].cast(pl.Datetime("us")).to_physical().to_numpy() if label_time else time
        gap = self.gap // timedelta(microseconds=1)
        edges = np.quantile(time, np.linspace(0.5, 1, FOLDS + 1), method="higher").tolist()
        for start, end in zip(edges[:-1], [*edges[1:-1], np.inf], strict=True):
            tested = np.flatnonzero((time >= start) & (time < end))
            before = np.flatnonzero((time < start - gap) & (known <= start))
            if not len(tested) or not len(before):
                continue
            line = np.quantile(time[before], self.train / (self.train + self.tune), method="higher")
            early = (time[before] < line - gap) & (known[before] <= line)
            yield before[early], before[time[before] >= line], tested

    def said(self, predicted: int, total: int, repeats: int, rows: str) -> str:
        return f"forward-chained cross-validation: the later {predicted:,} of {total:,} {rows} in {FOLDS} blocks, each predicted from what came before it"


def time_bounds(use_case: "UseCase", chosen: TimeSplit, info: pl.DataFrame) -> TimeBoundaries:
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
    if len(times) < 3 * MIN_PART_ROWS or lines(low)[4] < MIN_PART_ROWS or low < MIN_PART_ROWS:
        raise NotEnoughData(
            f"use case '{use_case.name}': {newest - first} of rows cannot hold a warm-up of {use_case.history or timedelta(0)} and gaps of"
            f" {chosen.gap} between train, tune and gate with {MIN_PART_ROWS} rows each; bring a longer span"
        )
    return TimeBoundaries(start, *_recent(chosen, lines(low)[:4], end), end, newest)


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
