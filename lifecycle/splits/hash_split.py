"""At random, by a hash of the key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.splits.split import Shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class HashSplit(Shares):
    """At random by a hash of the key: a row keeps its part for ever, whatever comes later."""

    def bounds(self, use_case: "UseCase", info: "pl.DataFrame") -> dict[str, Any]:
        return {"train_until": self.train, "tune_until": self.train + self.tune}

    def part(self, use_case: "UseCase", bounds: "Mapping[str, Any]") -> "pl.Expr":
        import polars as pl

        return by_lines(pl.lit(bounds.get("train_until", 0.6)), pl.lit(bounds.get("tune_until", 0.8)))


def by_lines(first: "pl.Expr", second: "pl.Expr") -> "pl.Expr":
    """The part of a row by two lines in its hash."""
    import polars as pl

    uniform = pl.col("_hash")
    return pl.when(uniform < first).then(pl.lit("train")).when(uniform < second).then(pl.lit("tune")).otherwise(pl.lit("gate"))
