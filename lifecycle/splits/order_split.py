"""By the order of the rows: the first train, the last judge."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import polars as pl

from lifecycle.errors import NotEnoughData
from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.forward_split import ForwardSplit, lines, parts, recent
from lifecycle.splits.split import MIN_PART_ROWS

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class OrderBoundaries(Boundaries):
    """Lines along the column with the role `order`; `as_of` is the last place when they were drawn."""

    train_until: int
    tune_from: int
    tune_until: int
    gate_from: int
    as_of: int


@dataclass(frozen=True)
class OrderSplit(ForwardSplit[OrderBoundaries]):
    """As `TimeSplit`, along the column with the role `order`: for rows that follow each other and have no time.

    `gap` is left out between the parts, in steps of that column: at least the delay of the labels.
    """

    gap: int = 0
    longest: int | None = None
    """The tune and the gate part span at most so many steps, whatever their shares. Empty: as their shares say."""

    role: ClassVar[str] = "order"
    boundaries: ClassVar[type[Boundaries]] = OrderBoundaries

    def place(self, use_case: "UseCase") -> pl.Expr:
        return pl.col(use_case.columns.one("order") or "").cast(pl.Int64)

    def spacing(self) -> int:
        return self.gap

    def bounds(self, use_case: "UseCase", info: pl.DataFrame) -> OrderBoundaries:
        places = info.select(self.place(use_case)).to_series().drop_nulls().sort()
        found = lines(self, places.to_numpy(), self.gap)
        if found is None:
            raise NotEnoughData(
                f"use case '{use_case.name}': {len(places):,} rows along '{use_case.columns.one('order')}' cannot hold gaps of {self.gap:,} between"
                f" train, tune and gate with {MIN_PART_ROWS} rows each; bring more rows"
            )
        end = int(places[-1])
        found = recent(found, self.gap, self.longest, end)
        return OrderBoundaries(found.train_until, found.tune_from, found.tune_until, found.gate_from, end)

    def part(self, use_case: "UseCase", bounds: OrderBoundaries) -> pl.Expr:
        """A row's part by its place; what came after the lines were drawn is new."""
        place, at = self.place(use_case), {name: pl.lit(line) for name, line in vars(bounds).items()}
        return parts(place, place, {**at, "train_from": place, "known_until": at["as_of"]})

    def labelled(self, use_case: "UseCase", bounds: OrderBoundaries) -> pl.Expr:
        """The gaps between the parts too."""
        return self.place(use_case) <= bounds.as_of

    def rule(self, use_case: "UseCase") -> str:
        return f"OrderSplit by {use_case.columns.one('order')}"

    def unseen(self, use_case: "UseCase", bounds: OrderBoundaries) -> pl.Expr:
        return self.place(use_case) >= bounds.gate_from
