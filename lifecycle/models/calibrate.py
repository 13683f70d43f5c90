"""Calibrate: probabilities that mean what they say, and the threshold that makes decisions of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.models.conformal import PredictionSets

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.usecase import UseCase

THRESHOLDS: dict[str, Callable[[np.ndarray, np.ndarray, int, int], np.ndarray]] = {
    "f1": lambda right, wrong, positives, _: 2 * right / (right + wrong + positives),
    "accuracy": lambda right, wrong, positives, negatives: (right + negatives - wrong) / (positives + negatives),
    "balanced_accuracy": lambda right, wrong, positives, negatives: (right / positives + 1 - wrong / max(negatives, 1)) / 2,
}
"""What a threshold can be the best by, of the numbers of positives called rightly and wrongly, of positives and of negatives."""


def calibrate(use_case: "UseCase", model: Any, y: np.ndarray, probabilities: np.ndarray, info: "pl.DataFrame | None" = None) -> Any:
    """A fitted classifier with its probabilities corrected, where that is shown to help, its threshold chosen, and the sets of its answers.

    Corrected is what lowers the log loss of these rows by more than its parameters may by chance (the Bayesian
    information criterion, Schwarz 1978), and every model fitted with class weights, whose probabilities are off by design.

    Args:
        use_case: its problem decides what is corrected.
        model: the fitted classifier.
        y: the encoded target of rows that the model was not fitted on.
        probabilities: what it says of them, shape (n, classes), columns in the order of `model.classes_`.
        info: `Rows.info` of them, where the threshold depends on it.

    Returns:
        A `lifecycle.models.estimators.Calibrated`; of a binary problem its `threshold_` is the best for these rows by what the definition says of decisions.
    """
    from lifecycle.models.estimators import Calibrated, corrected

    slope, intercept = _correction(use_case, y, probabilities, model.classes_, always=reweighted(model))
    given = corrected(probabilities, slope, intercept)
    # One or two numbers were fitted on these rows before, which leaves the order of a binary problem's probabilities as it is.
    sets = PredictionSets.of(y, given, model.classes_, use_case.coverage)
    return Calibrated(model, slope, intercept, use_case.kind.threshold(use_case, y, given, info), sets)


def best_threshold(y: np.ndarray, probability: np.ndarray, by: str = "f1") -> float:
    """The threshold with the best `by`, halfway between two probabilities that occur; 0.5 where there is nothing to choose.

    Args:
        y: 0 or 1, length n.
        probability: of 1, length n.
        by: one of `THRESHOLDS`.
    """
    order = np.argsort(-probability, kind="stable")
    falling, hits = probability[order], np.cumsum(y[order] == 1)
    ends = np.flatnonzero(np.diff(falling, append=-np.inf))  # equal probabilities are on one side
    if not len(ends) or not hits[-1]:
        return 0.5
    called, right = ends + 1, hits[ends]
    worth = THRESHOLDS[by](right, called - right, hits[-1], len(y) - hits[-1])
    last = int(ends[worth.argmax()])
    return float((falling[last] + falling[min(last + 1, len(falling) - 1)]) / 2)


def reweighted(model: Any) -> bool:
    """Whether an estimator or a part of it was fitted with class weights."""
    return any(name.rpartition("__")[2] == "class_weight" and value is not None for name, value in model.get_params(deep=True).items())


def _correction(use_case: "UseCase", y: np.ndarray, probabilities: np.ndarray, classes: np.ndarray, *, always: bool) -> tuple[float, float]:
    """Slope and intercept on the logits: both for two classes (Platt 1999), the slope for more (Guo et al. 2017)."""
    from scipy.optimize import minimize

    from lifecycle.models.estimators import corrected

    known = np.isin(y, classes)
    own = np.searchsorted(classes, y[known])
    rows, given = np.arange(len(own)), probabilities[known]
    if len(np.unique(own)) < 2:
        return 1.0, 0.0

    def loss(x: np.ndarray) -> float:
        slope, intercept = float(np.exp(x[0])), float(x[1]) if len(x) > 1 else 0.0
        return float(-np.log(np.clip(corrected(given, slope, intercept)[rows, own], 1e-15, None)).mean())

    start = np.zeros(2 if use_case.kind.calibrates_intercept else 1)
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(-3.0, 3.0), (-15.0, 15.0)][: len(start)])
    helps = 2 * len(own) * (loss(start) - float(found.fun)) > len(start) * np.log(len(own))
    if not (helps or always):
        return 1.0, 0.0
    return float(np.exp(found.x[0])), float(found.x[1]) if len(start) > 1 else 0.0
