"""Rows of a sample that have a target, at most so many, as what looks for traps needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.problem import GuessedProblem
from lifecycle.store.lake import quoted

MAX_ROWS = 30_000
FOLDS = 5


@dataclass(frozen=True)
class Labelled:
    """Rows with a target, drawn at random, the same ones every time.

    Attributes:
        table: what they are of.
        question: what is asked of them.
        target: the column that is predicted.
        frame: their typed cells, a column for each of the table's; at most `MAX_ROWS` rows.
    """

    table: Table
    question: GuessedProblem
    target: ColumnProfile
    frame: pl.DataFrame

    @cached_property
    def truth(self) -> np.ndarray:
        """The target as numbers, shape (n, outputs)."""
        return self.question.kind.truth(self.question, self.frame[self.target.name])

    @cached_property
    def folds(self) -> np.ndarray:
        """A fold for each row, at random; rows of one group have one."""
        whose = next((column for role in ("group", "entity") for column in self.table.having(role) if column.distinct >= 10 * FOLDS), None)
        units = self.frame[whose.name].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() if whose else np.arange(self.frame.height)
        return (np.random.default_rng(7).permutation(int(units.max()) + 1) % FOLDS)[units]

    @cached_property
    def classes(self) -> bool:
        """Whether the target is classes, each column of `truth` being 0 or 1."""
        return set(np.unique(self.truth)) <= {0.0, 1.0} and bool(self.question.classes)

    @property
    def inputs(self) -> list[ColumnProfile]:
        """The columns that a model would see."""
        return [column for column in self.table.columns if column.feature and column.type and column.type != "bytes"]

    def numbers(self, columns: Sequence[ColumnProfile]) -> np.ndarray:
        """Columns of numbers or Booleans as floats, shape (n, columns); what is missing is NaN."""
        return (
            np.column_stack([self.frame[column.name].cast(pl.Float64).to_numpy() for column in columns])
            if columns
            else np.empty((self.frame.height, 0))
        )


def draw(table: Table, question: GuessedProblem) -> Labelled | None:
    """The rows, or nothing where no target is asked for."""
    target = table.one("target")
    held = [column for column in table.columns if column.type and column.type != "bytes"]
    if target is None:
        return None
    names = ", ".join(quoted(column.name) for column in held)
    rows = table.sample.connection.sql(
        f"SELECT {names} FROM clean WHERE {quoted(target.name)} IS NOT NULL USING SAMPLE reservoir({MAX_ROWS} ROWS) REPEATABLE (7)"
    ).pl()
    return Labelled(table, question, target, rows)
