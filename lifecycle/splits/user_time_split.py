"""By time, user by user: the oldest events of each train, the newest judge."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl

from lifecycle.errors import NotEnoughData
from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.split import Shares

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MOST = 2_000_000
"""A part follows from the place among all events of a user: the table must fit into memory as a whole."""


@dataclass(frozen=True)
class UserTimeBoundaries(Boundaries):
    """The newest event when the parts were made. What is newer has no part in a fit."""

    as_of: datetime


@dataclass(frozen=True)
class UserTimeSplit(Shares[UserTimeBoundaries]):
    """Of each user the oldest events train, then tune, then judge; a user's last fifth is what a model is asked for.

    Events of other users from later than a judged one are known in training: a model may so learn of items that did not exist at the time. That
    is how recommenders are compared in papers. `TimeSplit` is how they live.
    """

    role: ClassVar[str] = "user"
    boundaries: ClassVar[type[Boundaries]] = UserTimeBoundaries
    repeats: ClassVar[int | None] = 1
    whole: ClassVar[bool] = True

    def check(self, use_case: "UseCase") -> None:
        super().check(use_case)
        if not use_case.columns.one("time"):
            raise use_case.wrong(f"split=UserTimeSplit needs a column with the role 'time' in schema {use_case.schema.__name__}, found none")

    def bounds(self, use_case: "UseCase", info: pl.DataFrame) -> UserTimeBoundaries:
        if info.height > MOST:
            raise NotEnoughData(
                f"use case '{use_case.name}': split=UserTimeSplit takes tables of at most {MOST:,} rows, found {info.height:,}; say split=TimeSplit()"
            )
        newest: Any = info["_time"].max()
        return UserTimeBoundaries(np.datetime64(newest, "us").astype(datetime))

    def part(self, use_case: "UseCase", bounds: UserTimeBoundaries) -> pl.Expr:
        """By the share of the user's events that came before; of those of one moment by a hash."""
        user = use_case.columns.one("user") or ""
        there = pl.col("_time") <= pl.lit(bounds.as_of).cast(pl.Datetime("us"))
        place = pl.struct("_time", "_hash").rank("ordinal").over(user).cast(pl.Int64) - 1
        share = place / there.sum().over(user)
        ends = (self.train - 1e-9, self.train + self.tune - 1e-9)
        part = pl.when(share < ends[0]).then(pl.lit("train")).when(share < ends[1]).then(pl.lit("tune")).otherwise(pl.lit("gate"))
        return pl.when(there).then(part).otherwise(pl.lit("gate"))

    def labelled(self, use_case: "UseCase", bounds: UserTimeBoundaries) -> pl.Expr:
        return pl.col("_time") <= pl.lit(bounds.as_of).cast(pl.Datetime("us"))

    def rule(self, use_case: "UseCase") -> str:
        return f"{self!r}"

    def unseen(self, use_case: "UseCase", bounds: UserTimeBoundaries) -> pl.Expr:
        return pl.col("_time") > pl.lit(bounds.as_of).cast(pl.Datetime("us"))

    def newest(self, use_case: "UseCase", info: pl.DataFrame, share: float) -> np.ndarray:
        moment = info["_time"].to_physical().to_numpy()
        return moment >= np.quantile(moment, 1 - share, method="higher")
