"""A change that must not matter."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.behaviours.behaviour import Answer, Behaviour, changed, check_column

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True, kw_only=True)
class Invariance(Behaviour):
    """With other values in a column a row's answer stays what it is.

    Attributes:
        column: which column.
        values: each is put in its place; none: the values that the rows have, at most five, the most frequent.
        most: how far an answer may move: a probability, or a number in the target's units.
    """

    column: str
    values: tuple[Any, ...] = ()
    most: float = 0.0

    @property
    def words(self) -> str:
        """What is expected."""
        return f"another {self.column} moves no answer by more than {self.most:g}"

    def check(self, use_case: "UseCase") -> None:
        """The column is there."""
        super().check(use_case)
        check_column(use_case, self.column)

    def shown(self, use_case: "UseCase", rows: pl.DataFrame, answer: Answer) -> np.ndarray:
        """Whether no value moves a row's answer too far."""
        values = self.values or tuple(rows[self.column].drop_nulls().value_counts(sort=True)[self.column].head(5).to_list())
        before = answer(rows)
        moved = [use_case.kind.moved(before, answer(changed(use_case, rows, self.column, value))) for value in values]
        return np.max(moved, axis=0) <= self.most + 1e-9 if moved else np.zeros(0, dtype=bool)
