"""As its publisher divided it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lifecycle.splits.split import Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class ColumnSplit(Split):
    """Its publisher's own split, in the column with the role `split`; `tune` is a share of the training rows."""

    train: str = "train"
    gate: str = "test"
    tune: float = 0.2

    role: ClassVar[str] = "split"

    @property
    def tuned(self) -> float:
        return self.tune

    def bounds(self, use_case: "UseCase", info: "pl.DataFrame") -> dict[str, Any]:
        name = use_case.columns.one("split") or ""
        found = set(info[name].unique().to_list())
        if not {self.train, self.gate} <= found:
            raise use_case.wrong(
                f"split=ColumnSplit needs the values '{self.train}' and '{self.gate}' in column '{name}', found {sorted(map(str, found))}"
            )
        return {"train_until": 1 - self.tune}

    def part(self, use_case: "UseCase", bounds: "Mapping[str, Any]") -> "pl.Expr":
        import polars as pl

        given = pl.col(use_case.columns.one("split") or "")
        fitted = pl.when(pl.col("_hash") < bounds["train_until"]).then(pl.lit("train")).otherwise(pl.lit("tune"))
        return pl.when(given == self.gate).then(pl.lit("gate")).when(given == self.train).then(fitted).otherwise(pl.lit("unlabelled"))
