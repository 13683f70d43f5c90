"""A change that must not move the answer the wrong way."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.behaviours.behaviour import Answer, Behaviour, changed, check_column

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True, kw_only=True)
class Direction(Behaviour):
    """A higher value in a column does not lower the answer (the probability, or the number); with `rises=False` it does not raise it.

    Attributes:
        column: of numbers.
        by: what is added to it.
        rises: whether the answer may rise and not fall.
        of: of several classes, which one's probability.
        most: how far the answer may move the wrong way.
    """

    column: str
    by: float
    rises: bool = True
    of: str = ""
    most: float = 0.0

    @property
    def words(self) -> str:
        """What is expected."""
        of = f" of {self.of}" if self.of else ""
        return f"{self.by:g} more {self.column} does not {'lower' if self.rises else 'raise'} the answer{of}{f' by more than {self.most:g}' if self.most else ''}"

    def check(self, use_case: "UseCase") -> None:
        """The column is there and holds numbers, and the answer has an order."""
        super().check(use_case)
        check_column(use_case, self.column)
        if not use_case.columns[self.column].numeric:
            raise use_case.wrong(f"a direction needs a column of numbers, '{self.column}' is {use_case.columns[self.column].sql_type}")
        if use_case.kind.several and not self.of:
            raise use_case.wrong(f"a direction of a {use_case.kind.name} problem names the class whose probability it is about: Direction(of=...)")

    def shown(self, use_case: "UseCase", rows: pl.DataFrame, answer: Answer) -> np.ndarray:
        """Whether a row's answer does not move the wrong way; rows without a value in the column are left out."""
        rows = rows.filter(pl.col(self.column).is_not_null())
        if not rows.height:
            return np.zeros(0, dtype=bool)
        before, after = (
            use_case.kind.measured(answer(each), self.of)[:, 0]
            for each in (rows, changed(use_case, rows, self.column, pl.col(self.column) + self.by))
        )
        return (after - before if self.rises else before - after) >= -self.most - 1e-9
