"""Rows whose answer is beyond doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.behaviours.behaviour import Answer, Behaviour, check_column

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True, kw_only=True)
class KnownAnswers(Behaviour):
    """Given rows are answered as given (CheckList's "minimum functionality"); the least share of them that must be is `least`.

    Attributes:
        name: what these rows are, in a few words.
        rows: each with its columns and the target; a column that is left out is missing.
        within: how far the answer to a number may be off.
    """

    name: str
    rows: tuple[Mapping[str, Any], ...]
    within: float = 0.0

    @property
    def words(self) -> str:
        """What is expected."""
        return f"{self.name} are answered as given"

    def check(self, use_case: "UseCase") -> None:
        """The columns are there, the target among them."""
        super().check(use_case)
        if not self.rows or not use_case.target:
            raise use_case.wrong(f"known answers ('{self.name}') need rows, and a column with the role 'target'")
        for row in self.rows:
            for column in row:
                check_column(use_case, column)
            if row.get(use_case.target) is None:
                raise use_case.wrong(f"each row of the known answers '{self.name}' needs its target '{use_case.target}', found one without")

    def shown(self, use_case: "UseCase", rows: pl.DataFrame, answer: Answer) -> np.ndarray:
        """Whether each of the given rows is answered as given."""
        schema = {column.name: column.dtype for column in use_case.columns.all}
        given = pl.DataFrame([{name: row.get(name) for name in schema} for row in self.rows], schema=schema)
        truth = use_case.kind.encode(use_case, given[use_case.target])
        hidden = given.with_columns(pl.lit(None, schema[use_case.target]).alias(use_case.target))
        said = answer(hidden)["prediction"].to_numpy()
        return np.abs(said - truth) <= self.within if truth.dtype.kind == "f" else said.astype(str) == truth.astype(str)
