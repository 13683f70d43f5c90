"""What predictions are worth: scikit-learn's metrics, by scikit-learn's names, errors as positive numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation import cluster_metrics
from lifecycle.evaluation.statistics import MedianError, OneAgainstRest, Ranking, Statistic, Sums, Values, expected_calibration_error
from lifecycle.problems import PROBLEMS, Problem

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def compute(
    of: "UseCase | Problem | str",
    y: np.ndarray,
    predictions: pl.DataFrame,
    weights: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> dict[str, float]:
    """Every metric of the problem that is defined on these rows, by scikit-learn's definitions, errors positive.

    Those which need two classes, a positive or a spread that is not there are left out. Two that scikit-learn leaves
    open: `calibration_error` is `lifecycle.evaluation.statistics.expected_calibration_error`; `roc_auc` of a multiclass problem is the mean over
    classes of one against the rest.

    Args:
        of: the problem.
        y: the encoded target, length n (`lifecycle.dataset.encode`).
        predictions: what `lifecycle.predict.predict` gives for the same rows.
        weights: how often each row counts; once where not given.
        names: the metrics that are wanted; all of the problem where not given.
    """
    if not len(y):
        return {}
    weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    found: dict[str, float] = {}
    for statistic in statistics(of, y, predictions, weight, names):
        found |= {name: float(value[0]) for name, value in statistic.values(weight[None, :]).items()}
    return {name: found[name] for name in names or problem(of).metrics if np.isfinite(found.get(name, np.nan))}


def problem(of: "UseCase | Problem | str") -> Problem:
    """The problem kind of a use case, or by its name."""
    if isinstance(of, str):
        return PROBLEMS[of]
    return of if isinstance(of, Problem) else of.kind


def statistics(
    of: "UseCase | Problem | str",
    y: np.ndarray,
    predictions: pl.DataFrame,
    weight: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> list[Statistic]:
    """The statistics that give the metrics of a problem, or only those that `names` asks for (and their by-products)."""
    kind = problem(of)
    wanted = set(names or kind.metrics)
    prepared = {"binary": _binary, "multiclass": _multiclass, "regression": _regression, "clustering": cluster_metrics.statistics}[kind.name]
    return prepared(y, predictions, np.ones(len(y)) if weight is None else weight, wanted)


def _binary(y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> list[Statistic]:
    truth = np.asarray(y).astype(bool)
    score = predictions["probability"].to_numpy().astype(np.float64, copy=False)
    found: list[Statistic] = []
    if wanted & {"roc_auc", "average_precision"}:
        found.append(Ranking.of(truth, score))
    if "calibration_error" in wanted:
        found.append(expected_calibration_error(score, truth, weight))
    if wanted - {"roc_auc", "average_precision", "calibration_error"}:
        called = predictions["prediction"].to_numpy().astype(bool)
        loss = -np.log(_clipped(np.where(truth, score, 1 - score)))
        terms = [np.ones(len(truth)), truth, called, truth & called, (score - truth) ** 2, loss]
        found.append(Sums(np.stack(terms, axis=1).astype(np.float64), _finish_binary))
    return found


def _finish_binary(sums: np.ndarray) -> Values:
    rows, positives, called, hits, square, loss = sums
    negatives, rejected = rows - positives, rows - positives - called + hits
    f1, f1_negative = 2 * hits / (positives + called), 2 * rejected / (negatives + rows - called)
    recall, specificity = hits / positives, rejected / negatives
    return {
        "accuracy": (hits + rejected) / rows,
        "balanced_accuracy": _mean([recall, specificity]),
        "f1": f1,
        "f1_macro": _mean([f1, f1_negative]),
        "precision": np.where(called > 0, hits / called, np.where(rows > 0, 0.0, np.nan)),
        "recall": recall,
        "brier": square / rows,
        "log_loss": loss / rows,
    }


def _multiclass(y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> list[Statistic]:
    truth, chosen = np.asarray(y).astype(str), predictions["prediction"].to_numpy().astype(str)
    given = {name.removeprefix("p_"): predictions[name].to_numpy() for name in predictions.columns if name.startswith("p_")}
    classes = np.array(sorted({*given, *np.unique(truth), *np.unique(chosen)}))
    truths, choices = np.searchsorted(classes, truth), np.searchsorted(classes, chosen)
    nothing = np.zeros(len(truth))
    probability = np.stack([given.get(name, nothing) for name in classes], axis=1)
    found: list[Statistic] = []
    if "roc_auc" in wanted:
        found.append(OneAgainstRest(tuple(Ranking.of(truths == i, probability[:, i]) for i in range(len(classes)))))
    if "calibration_error" in wanted:
        found.append(expected_calibration_error(predictions["probability"].to_numpy(), truth == chosen, weight))
    if wanted - {"roc_auc", "calibration_error"}:
        one = np.eye(len(classes))
        own = probability[np.arange(len(truth)), truths]
        square = (probability**2).sum(axis=1) - 2 * own + 1
        single = np.stack([np.ones(len(truth)), square, -np.log(_clipped(own))], axis=1)
        hits = one[truths] * (truths == choices)[:, None]
        found.append(Sums(np.hstack([single, one[truths], one[choices], hits]), _finish_multiclass))
    return found


def _finish_multiclass(sums: np.ndarray) -> Values:
    rows, square, loss = sums[:3]
    truth, chosen, hits = np.split(sums[3:], 3)
    there = truth + chosen > 0
    f1 = np.where(there, 2 * hits / (truth + chosen), np.nan)
    recall, precision = hits / truth, hits / chosen
    return {
        "accuracy": hits.sum(axis=0) / rows,
        "balanced_accuracy": _mean(recall),
        "f1_macro": _mean(f1),
        "f1_weighted": np.nansum(f1 * truth, axis=0) / rows,
        "precision_macro": _mean(np.where(there, np.where(chosen > 0, precision, 0.0), np.nan)),
        "recall_macro": _mean(np.where(there, np.where(truth > 0, recall, 0.0), np.nan)),
        "brier": square / rows,
        "log_loss": loss / rows,
    }


def _regression(y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> list[Statistic]:
    guess = predictions["prediction"].to_numpy().astype(np.float64, copy=False)
    error = np.abs(y - guess)
    found: list[Statistic] = []
    if "median_ae" in wanted:
        order = np.argsort(error, kind="stable")
        found.append(MedianError(order, error[order]))
    if wanted - {"median_ae"}:
        centred = y - y.mean()  # so that the variance is not the difference of two large numbers
        share = error / np.maximum(np.abs(y), np.finfo(np.float64).eps)
        found.append(Sums(np.stack([np.ones(len(y)), error**2, error, centred, centred**2, share], axis=1), _finish_regression))
    return found


def _finish_regression(sums: np.ndarray) -> Values:
    rows, square, absolute, first, second, share = sums
    spread = second - first**2 / rows
    spread = np.where(spread > 1e-12 * second, spread, np.nan)
    return {"rmse": np.sqrt(square / rows), "mae": absolute / rows, "r2": 1 - square / spread, "mape": share / rows}


def _clipped(probability: np.ndarray) -> np.ndarray:
    eps = np.finfo(np.float64).eps
    return np.clip(probability, eps, 1 - eps)


def _mean(parts: "np.ndarray | list[np.ndarray]") -> np.ndarray:
    """The mean over the first axis of what is defined."""
    stacked = np.asarray(parts)
    defined = ~np.isnan(stacked)
    return np.where(defined, stacked, 0.0).sum(axis=0) / defined.sum(axis=0)
