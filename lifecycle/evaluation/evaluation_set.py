"""The rows of an evaluation with all that slices, groups of people and classes are judged by."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.resample import Interval, ResampleGroups, average, intervals

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class EvaluationSet:
    """Rows that no model has seen, or some of them, with what is said of them.

    Attributes:
        use_case: the definition, whose metric decides.
        model, constant: what the model and the baseline that knows nothing say of the rows.
        groups: which of the rows depend on each other.
        where: a mask of the rows that are meant, length n; `None`: all.
    """

    use_case: "UseCase"
    model: Predictions
    constant: Predictions
    groups: ResampleGroups
    where: np.ndarray | None = None

    def subset(self, where: np.ndarray) -> "EvaluationSet":
        """The rows, of all, where a mask is true."""
        return replace(self, where=where)

    @property
    def y(self) -> np.ndarray:
        """The encoded target."""
        return self._target(self.model)

    @property
    def value(self) -> float | None:
        """The deciding metric of the model; over the repeats of a cross-validation the mean; `None` where it is undefined."""
        return self._metric(self.model)

    @property
    def baseline(self) -> float | None:
        """The deciding metric of the constant."""
        return self._metric(self.constant)

    def interval(self, confidence: float = 0.95, metric: str = "") -> Interval | None:
        """The deciding metric of the model, or another one, with its interval; `None` where it is undefined."""
        metric, groups = metric or self.use_case.metric, self.groups if self.where is None else self.groups.take(self.where)
        return intervals(self.use_case, self.y, self._frames(self.model), groups, [metric], confidence).get(metric)

    def _metric(self, of: Predictions) -> float | None:
        metric, y = self.use_case.metric, self._target(of)
        return average([compute(self.use_case, y, frame, names=[metric]) for frame in self._frames(of)]).get(metric)

    def _target(self, of: Predictions) -> np.ndarray:
        return of.rows.y if self.where is None else of.rows.y[self.where]

    def _frames(self, of: Predictions) -> tuple[pl.DataFrame, ...]:
        return of.predictions if self.where is None else tuple(frame.filter(self.where) for frame in of.predictions)
