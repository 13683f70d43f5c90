"""At random, with the same shares in every class."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.hash_split import by_lines
from lifecycle.splits.split import Shares

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class StratifiedBoundaries(Boundaries):
    """By class, as text: the line below which a row's hash makes it train, and the one below which it tunes."""

    classes: dict[str, list[float]]


@dataclass(frozen=True)
class StratifiedSplit(Shares[StratifiedBoundaries]):
    """As `HashSplit`, with the same shares within every class."""

    role: ClassVar[str] = "target"
    boundaries: ClassVar[type[Boundaries]] = StratifiedBoundaries

    def check(self, use_case: "UseCase") -> None:
        if not use_case.target:
            raise use_case.wrong(
                f"split=StratifiedSplit keeps the shares of classes, and a {use_case.kind.name} has none; take HashSplit, GroupSplit or TimeSplit"
            )
        super().check(use_case)

    def bounds(self, use_case: "UseCase", info: "pl.DataFrame") -> StratifiedBoundaries:
        import polars as pl

        labelled = info.filter(pl.col(use_case.target).is_not_null())
        quantiles = labelled.group_by(pl.col(use_case.target).cast(pl.String).alias("class")).agg(
            pl.col("_hash").quantile(self.train, "higher").alias("a"), pl.col("_hash").quantile(self.train + self.tune, "higher").alias("b")
        )
        return StratifiedBoundaries({row["class"]: [row["a"], row["b"]] for row in quantiles.sort("class").iter_rows(named=True)})

    def part(self, use_case: "UseCase", bounds: StratifiedBoundaries) -> "pl.Expr":
        import polars as pl

        name, classes = pl.col(use_case.target).cast(pl.String), bounds.classes
        first = name.replace_strict({key: value[0] for key, value in classes.items()}, default=self.train, return_dtype=pl.Float64)
        second = name.replace_strict({key: value[1] for key, value in classes.items()}, default=self.train + self.tune, return_dtype=pl.Float64)
        return by_lines(first, second)
