"""Judge: predictions for rows that the model has not seen, by holding rows out or by cross-validation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.resample import average
from lifecycle.predict import predict
from lifecycle.references import Recipe

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

REPEATS = 3
Fit = Callable[[Rows, Rows], Any]
"""Fits an estimator on train rows, with tune rows for early stopping, threshold and calibration."""


@dataclass(frozen=True)
class Predictions:
    """Rows with what models that never saw them say of them.

    Attributes:
        rows: those that were judged; of a time split's cross-validation only the later ones.
        predictions: one frame for a fitted model; one for each repeat of a cross-validation.
        train: of a cross-validation: the mean metrics of the folds' models on their own training rows.
    """

    rows: Rows
    predictions: tuple[pl.DataFrame, ...]
    train: dict[str, float]

    @property
    def stacked(self) -> tuple[np.ndarray, pl.DataFrame]:
        """The target and the predictions of all repeats below each other, for pictures and tables."""
        return np.tile(self.rows.y, len(self.predictions)), pl.concat(self.predictions)


def judge(use_case: "UseCase", model: Any, rows: Rows) -> Predictions:
    """The predictions of a fitted estimator for rows it has not seen; of a recipe by cross-validation over the rows.

    Two recipes are given the same folds, so that their predictions can be compared in pairs.
    """
    if isinstance(model, Recipe):
        from lifecycle.fit import fit

        return cross_validate(use_case, lambda train, tune: fit(use_case, model, train, tune), rows)
    return Predictions(rows, (answers(use_case, model, rows),), {})


def answers(use_case: "UseCase", model: Any, rows: Rows) -> pl.DataFrame:
    """What a fitted estimator says of rows, with what their metrics need beside it."""
    return use_case.operating_point.beside(predict(use_case, model, rows.X), rows.info)


def cross_validate(use_case: "UseCase", fit: Fit, rows: Rows) -> Predictions:
    """Out-of-fold predictions: three times five folds, stratified by class, a group never on both sides.

    A time split keeps its direction: the later half of the rows in five blocks, each predicted by a model of what was
    known before it, once.
    """
    predictions, train, known = [], [], None
    judged = np.arange(len(rows))
    for repeat in range(use_case.split.repeats or REPEATS):
        parts, frames = [], []
        for fitted, tuned, tested in use_case.split.folds(use_case, rows, repeat):
            model = fit(rows.take(fitted), rows.take(tuned))
            model, known = use_case.kind.same_names(model, known, rows)
            frames.append(predict(use_case, model, rows.X[tested]))
            train.append(compute(use_case, rows.y[fitted], answers(use_case, model, rows.take(fitted))))
            parts.append(tested)
        positions = np.concatenate(parts)
        judged = np.sort(positions)
        together = pl.concat(frames, how="diagonal")
        named = [name for each in use_case.kind.answer_schema if each.prefix for name in each.among(together.columns)]
        together = together.with_columns(pl.col(named).fill_null(0.0))[np.argsort(positions)]  # a class that a fold has not met
        predictions.append(use_case.operating_point.beside(together, rows.info[judged]))
    return Predictions(rows.take(judged), tuple(predictions), average(train))
