"""What a behaviour answers for. A definition may bring its own: a frozen dataclass that derives from `Behaviour`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from lifecycle.gate.findings import BehaviourFound

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

Answer = Callable[[pl.DataFrame], pl.DataFrame]
"""Gives the model's answers for valid rows, in their order: the definition's `features()`, then the model."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Something that a model's answers must show on valid rows, which are changed before `features()` as a user would change them.

    Attributes:
        least: the share of the rows that must show it.
        severity: whether a model that does not show it is not promoted (`block`), or the report says so (`warn`).
    """

    least: float = 1.0
    severity: Literal["block", "warn"] = "block"

    @property
    def words(self) -> str:
        """What is expected, as a clause."""
        raise NotImplementedError

    def check(self, use_case: "UseCase") -> None:
        """Refuse a definition that it does not fit.

        Raises:
            DefinitionError: what does not fit, and the remedy.
        """
        if not 0 < self.least <= 1:
            raise use_case.wrong(f"the share of rows that must show a behaviour (least) is above 0 and at most 1, found {self.least:g}")
        if self.severity not in ("block", "warn"):
            raise use_case.wrong(f"the severity of a behaviour is block or warn, found '{self.severity}'")

    def shown(self, use_case: "UseCase", rows: pl.DataFrame, answer: Answer) -> np.ndarray:
        """Whether each row shows it, length n; empty where no row can.

        Args:
            use_case: the definition.
            rows: valid rows: every column of the schema.
            answer: asks the model about rows of this shape, as many and in this order, or others.
        """
        raise NotImplementedError

    def found(self, use_case: "UseCase", rows: pl.DataFrame, answer: Answer) -> BehaviourFound:
        """What a model shows of it."""
        shown = self.shown(use_case, rows, answer)
        share = float(shown.mean()) if len(shown) else None
        return BehaviourFound(behaviour=self.words, rows=len(shown), share=share, least=self.least, severity=self.severity)


def changed(use_case: "UseCase", rows: pl.DataFrame, column: str, value: Any) -> pl.DataFrame:
    """Rows with other values (an expression or one value) in a column, in the column's type."""
    expression = value if isinstance(value, pl.Expr) else pl.lit(value)
    return rows.with_columns(expression.cast(use_case.columns[column].dtype).alias(column))


def check_column(use_case: "UseCase", column: str) -> None:
    """Refuse a column that the schema does not have.

    Raises:
        DefinitionError: there is none.
    """
    if column not in use_case.columns:
        raise use_case.wrong(f"a behaviour names a column of schema {use_case.schema.__name__}, found '{column}'")
