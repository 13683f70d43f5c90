"""As its publisher divided it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lifecycle.splits.boundaries import Boundaries
from lifecycle.splits.split import Split

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class ColumnBoundaries(Boundaries):
    """Of the publisher's training rows, those whose hash is below the line train, the others tune."""

    train_until: float


@dataclass(frozen=True)
class ColumnSplit(Split[ColumnBoundaries]):
    """Its publisher's own split, in the column with the role `split`; `tune` is a share of the training rows."""

    train: str = "train"
    gate: str = "test"
    tune: float = 0.2

    role: ClassVar[str] = "split"
    boundaries: ClassVar[type[Boundaries]] = ColumnBoundaries

    @property
    def tuned(self) -> float:
        return self.tune

    def bounds(self, use_case: "UseCase", info: "pl.DataFrame") -> ColumnBoundaries:
        name = use_case.columns.one("split") or ""
        found = set(info[name].unique().to_list())
        if not {self.train, self.gate} <= found:
            raise use_case.wrong(
                f"split=ColumnSplit needs the values '{self.train}' and '{self.gate}' in column '{name}', found {sorted(map(str, found))}"
            )
        return ColumnBoundaries(1 - self.tune)

    def part(self, use_case: "UseCase", bounds: ColumnBoundaries) -> "pl.Expr":
        import polars as pl

        given = pl.col(use_case.columns.one("split") or "")
        fitted = pl.when(pl.col("_hash") < bounds.train_until).then(pl.lit("train")).otherwise(pl.lit("tune"))
        return pl.when(given == self.gate).then(pl.lit("gate")).when(given == self.train).then(fitted).otherwise(pl.lit("unlabelled"))
