"""By time: the oldest rows train, the newest judge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl

from lifecycle.errors import NotEnoughData
from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.forward_split import ForwardSplit, lines, parts, recent
from lifecycle.splits.split import MIN_PART_ROWS

if TYPE_CHECKING:
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
class TimeSplit(ForwardSplit[TimeBoundaries]):
    """Oldest rows train, then tune, then gate; `gap` is left out between them: at least the delay of the labels."""

    gap: timedelta = timedelta(0)
    longest: timedelta | None = None
    """The tune and the gate part span at most so long, whatever their shares: what is newer reaches training sooner, and a
    model made after a drift has seen the world as it is now. Empty: as their shares say."""

    role: ClassVar[str] = "time"
    boundaries: ClassVar[type[Boundaries]] = TimeBoundaries

    def place(self, use_case: "UseCase") -> pl.Expr:
        """In microseconds."""
        return _steps(pl.col("_time"))

    def known(self, use_case: "UseCase") -> pl.Expr:
        label_time = use_case.columns.one("label_time")
        return _steps(pl.col(label_time)) if label_time else self.place(use_case)

    def spacing(self) -> int:
        return _span(self.gap)

    def bounds(self, use_case: "UseCase", info: pl.DataFrame) -> TimeBoundaries:
        return time_bounds(use_case, self, info)

    def part(self, use_case: "UseCase", bounds: TimeBoundaries) -> pl.Expr:
        """A row's part by its time; in train and tune only rows whose label was known when the next part began."""
        at = {name: pl.lit(line).cast(pl.Datetime("us")) for name, line in vars(bounds).items()}
        label_time = use_case.columns.one("label_time")
        return parts(pl.col("_time"), pl.col(label_time or "_time"), at)

    def labelled(self, use_case: "UseCase", bounds: TimeBoundaries) -> pl.Expr:
        """From the end of the warm-up on, the gaps between the parts too, where the label was known by then."""
        known = pl.col(use_case.columns.one("label_time") or "_time") <= bounds.as_of
        return pl.col("_time").is_between(bounds.train_from, bounds.known_until) & known

    def rule(self, use_case: "UseCase") -> str:
        return "TimeSplit"

    def unseen(self, use_case: "UseCase", bounds: TimeBoundaries) -> pl.Expr:
        return pl.col("_time") >= bounds.gate_from


def time_bounds(use_case: "UseCase", chosen: TimeSplit, info: pl.DataFrame) -> TimeBoundaries:
    """Lines in time such that the parts have their shares of the rows that are left when warm-up, gaps and the unlabelled tail are out."""
    first, newest = _datetime(info["_time"].min()), _datetime(info["_time"].max())
    start = first + (use_case.history or timedelta(0))
    end = newest - chosen.gap if use_case.columns.one("label_time") else newest
    between = (pl.col("_time") >= start) & (pl.col("_time") <= end)
    places = info.select(_steps(pl.col("_time").filter(between)).sort()).to_series().to_numpy()
    found = lines(chosen, places, chosen.spacing())
    if found is None:
        raise NotEnoughData(
            f"use case '{use_case.name}': {newest - first} of rows cannot hold a warm-up of {use_case.history or timedelta(0)} and gaps of"
            f" {chosen.gap} between train, tune and gate with {MIN_PART_ROWS} rows each; bring a longer span"
        )
    found = recent(found, chosen.spacing(), None if chosen.longest is None else _span(chosen.longest), int(np.datetime64(end, "us").astype(int)))
    at = {name: _datetime(line) for name, line in vars(found).items()}
    return TimeBoundaries(train_from=start, **at, known_until=end, as_of=newest)


def _steps(moment: pl.Expr) -> pl.Expr:
    return moment.cast(pl.Datetime("us")).to_physical()


def _span(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _datetime(value: Any) -> datetime:
    return np.datetime64(value, "us").astype(datetime)
