"""What a model has to be built for: the kind of problem, and which inputs are numbers, categories and what a role reads."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.kind import Kind
    from lifecycle.role import Role
    from lifecycle.usecase import UseCase

MAX_NARROW_VALUES = 30  # a category with more distinct values is encoded by the target's mean


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
        encoded: inputs that a role of their column in the schema turns into numbers, such as free texts, each with that role.
    """

    kind: "Kind"
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    seed: int
    wide: tuple[str, ...] = ()
    rows: int = 0
    encoded: "tuple[tuple[str, Role], ...]" = ()

    def read_as(self, ways: tuple[str, ...]) -> "Blueprint":
        """The same with inputs that roles turn into numbers in these ways, where a role knows several (`Role.read_as`)."""
        return replace(self, encoded=tuple((name, role.read_as(ways)) for name, role in self.encoded))


def blueprint(use_case: "UseCase", X: "pl.DataFrame") -> Blueprint:
    """What a candidate has to be built for, to be fitted on these rows of model inputs."""
    import polars as pl

    encoded = {name: role for name, dtype in X.schema.items() if (role := encoding(use_case, name, dtype))}
    texts = [name for name, dtype in X.schema.items() if dtype == pl.String and name not in encoded]
    distinct = dict(zip(texts, X.select(pl.col(texts).n_unique()).row(0), strict=True)) if texts else {}
    return Blueprint(
        kind=use_case.kind,
        numeric=tuple(name for name, dtype in X.schema.items() if dtype != pl.String and name not in encoded),
        categorical=tuple(name for name in texts if distinct[name] <= MAX_NARROW_VALUES),
        wide=tuple(name for name in texts if distinct[name] > MAX_NARROW_VALUES),
        seed=use_case.seed,
        rows=X.height,
        encoded=tuple(encoded.items()),
    )


def encoding(use_case: "UseCase", name: str, dtype: "pl.DataType") -> "Role | None":
    """The role of the schema's column of this name that turns an input into numbers."""
    roles = use_case.columns[name].roles if name in use_case.columns else ()
    return next((role for role in roles if role.encodes(dtype)), None)
