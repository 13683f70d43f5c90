"""What a model has to be built for: the kind of problem, and which inputs are numbers, categories and texts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.kind import Kind
    from lifecycle.usecase import UseCase

WIDE = 30  # a category with more distinct values is encoded by the target's mean


@dataclass(frozen=True)
class Blueprint:
    """What a candidate has to be built for.

    Attributes:
        kind: of the problem.
        numeric: numeric and Boolean inputs.
        categorical: texts of at most 30 distinct values in the rows to fit on.
        seed: of everything random.
        wide: texts of more distinct values.
        rows: how many there are to fit on.
        text: free texts, by their role in the schema.
    """

    kind: "Kind"
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    seed: int
    wide: tuple[str, ...] = ()
    rows: int = 0
    text: tuple[str, ...] = ()


def blueprint(use_case: "UseCase", X: "pl.DataFrame") -> Blueprint:
    """What a candidate has to be built for, to be fitted on these rows of model inputs."""
    import polars as pl

    free = set(use_case.columns.having("text"))
    texts = [name for name, dtype in X.schema.items() if dtype == pl.String and name not in free]
    distinct = dict(zip(texts, X.select(pl.col(texts).n_unique()).row(0), strict=True)) if texts else {}
    return Blueprint(
        kind=use_case.kind,
        numeric=tuple(name for name, dtype in X.schema.items() if dtype != pl.String),
        categorical=tuple(name for name in texts if distinct[name] <= WIDE),
        wide=tuple(name for name in texts if distinct[name] > WIDE),
        seed=use_case.seed,
        rows=X.height,
        text=tuple(name for name, dtype in X.schema.items() if dtype == pl.String and name in free),
    )
