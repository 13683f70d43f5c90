"""As its publisher divided it, into three parts; rows of which nobody said anything by a hash."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lifecycle.splits.hash_split import HashSplit

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.splits.hash_split import HashBoundaries
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class PublishedSplit(HashSplit):
    """Its publisher's own split into training, validation and test, in the column with the role `split`; what has none there at random.

    Rows of the validation part tune, those of the test part judge. What is in none of them is divided by a hash of its `group`, else of its key.
    """

    fitted: str = "train"
    tuned_by: str = "val"
    judged: str = "test"

    role: ClassVar[str] = "split"

    def part(self, use_case: "UseCase", bounds: "HashBoundaries") -> "pl.Expr":
        import polars as pl

        given = pl.col(use_case.columns.one("split") or "")
        named = [(self.fitted, "train"), (self.tuned_by, "tune"), (self.judged, "gate")]
        found = super().part(use_case, bounds)
        for name, part in named:
            found = pl.when(given == name).then(pl.lit(part)).otherwise(found)
        return found
