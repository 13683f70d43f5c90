"""At random, by a hash of the key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.split import Shares

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class HashBoundaries(Boundaries):
    """Rows whose hash is below the first line train, those below the second tune."""

    train_until: float
    tune_until: float


@dataclass(frozen=True)
class HashSplit(Shares[HashBoundaries]):
    """At random by a hash of the key: a row keeps its part for ever, whatever comes later."""

    boundaries: ClassVar[type[Boundaries]] = HashBoundaries

    def bounds(self, use_case: "UseCase", info: "pl.DataFrame") -> HashBoundaries:
        return HashBoundaries(self.train, self.train + self.tune)

    def part(self, use_case: "UseCase", bounds: HashBoundaries) -> "pl.Expr":
        import polars as pl

        return by_lines(pl.lit(bounds.train_until), pl.lit(bounds.tune_until))


def by_lines(first: "pl.Expr", second: "pl.Expr") -> "pl.Expr":
    """The part of a row by two lines in its hash."""
    import polars as pl

    uniform = pl.col("_hash")
    return pl.when(uniform < first).then(pl.lit("train")).when(uniform < second).then(pl.lit("tune")).otherwise(pl.lit("gate"))
