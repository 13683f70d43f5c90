"""Two rows that are answered alike, or are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.behaviours.behaviour import Answer, Behaviour, check_column

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True, kw_only=True)
class Pairs(Behaviour):
    """Of given pairs of rows the two are predicted to be the same, or with `same=False` are not (CheckList's invariance, and its direction).

    What the answers are called does not matter: a model for the classes 0 and 1 is asked as one for good and bad.

    Attributes:
        name: what is done to the one row of a pair that gives the other, in a few words: "a negation".
        pairs: of rows, each with its columns; one that is left out is missing.
        same: whether the two have one prediction.
        within: how far apart two predicted numbers may be that count as one.
    """

    name: str
    pairs: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    same: bool = True
    within: float = 0.0

    @property
    def words(self) -> str:
        """What is expected."""
        return f"{self.name} {'does not change' if self.same else 'changes'} what is predicted"

    def check(self, use_case: "UseCase") -> None:
        """There are pairs, and their columns are there."""
        super().check(use_case)
        if not self.pairs:
            raise use_case.wrong(f"pairs ('{self.name}') need rows, found none")
        for column in {column for pair in self.pairs for row in pair for column in row}:
            check_column(use_case, column)

    def shown(self, use_case: "UseCase", rows: pl.DataFrame, answer: Answer) -> np.ndarray:
        """Whether each pair is answered as expected."""
        schema = {column.name: column.dtype for column in use_case.columns.all}
        given = pl.DataFrame([{name: row.get(name) for name in schema} for pair in self.pairs for row in pair], schema=schema)
        said = answer(given)["prediction"]
        one, other = said.gather_every(2), said.gather_every(2, offset=1)
        alike = ((one - other).abs() <= self.within if said.dtype.is_float() else one == other).to_numpy()
        return alike if self.same else ~alike
