"""What a way to decide answers for: the threshold, the metric that says what decisions are worth, and what both need of the rows.

What hangs on a row (its costs, its place in the list of its day) is carried beside what is said of it, in columns that begin with `_`, so
that whoever judges answers (the gate, slices, live performance) needs to know of neither.
"""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.evaluation.evaluation_set import EvaluationSet
    from lifecycle.evaluation.report import DecisionReport
    from lifecycle.evaluation.statistics import Statistic
    from lifecycle.usecase import UseCase


class OperatingPoint:
    """A way to decide. What is here is right where nothing is known of what a decision is worth."""

    knows_nothing: ClassVar[str] = ""
    """What decides without knowing anything, in words; empty: as for the kind of problem."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of what decisions are worth, the deciding one first."""
        return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the schema that a row's worth depends on."""
        return ()

    def check(self, use_case: "UseCase") -> None:
        """Refuse a definition that cannot be decided like this.

        Raises:
            DefinitionError: what is missing, and the remedy.
        """

    def threshold(self, y: np.ndarray, probability: np.ndarray, info: "pl.DataFrame | None") -> float:
        """The probability from which on the answer is yes, by rows that a fit of the model has not seen.

        Args:
            y: 0 or 1, length n.
            probability: of 1, length n.
            info: `Rows.info` of the same rows; `None` only where neither a column nor the time is needed.
        """
        raise NotImplementedError

    def beside(self, said: "pl.DataFrame", info: "pl.DataFrame") -> "pl.DataFrame":
        """Answers with what their metrics need of their rows.

        Args:
            said: answers, as `Kind.frame` gives them.
            info: `Rows.info` of the same rows.
        """
        return said

    def statistics(self, y: np.ndarray, said: "pl.DataFrame", wanted: set[str]) -> "list[Statistic]":
        """The statistics that give the wanted ones of `metrics`, of answers that `beside` has been asked for."""
        return []

    def baseline(self, model: Any, y: np.ndarray, probability: np.ndarray, info: "pl.DataFrame") -> Any:
        """A fitted baseline as it is judged; by default at the probability 0.5. The rows are some that it may have seen."""
        return model

    def plots(self, y: np.ndarray, said: "pl.DataFrame") -> dict[str, bytes]:
        """What other decisions would come to, as PNG bytes by name.

        Args:
            y: 0 or 1, length n.
            said: answers that `beside` has been asked for.
        """
        return {}

    def report(self, use_case: "UseCase", unseen: "EvaluationSet", threshold: float | None) -> "DecisionReport | None":
        """What the decisions on the judged rows come to; `None` where nothing is known of what they are worth."""
        return None
