"""Which pictures an evaluation has, by kind of problem."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute
from lifecycle.reports import class_plots, cluster_plots, number_plots, plots

if TYPE_CHECKING:
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.usecase import UseCase

CLASSES = 20
"""A confusion matrix shows the most frequent classes, the others together."""
CURVES = 10
"""So many classes, the most frequent, have a curve."""


def draw(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float], leaned: dict[str, Any]) -> dict[str, bytes]:
    """The pictures, as PNG bytes by name.

    Args:
        use_case: the definition.
        evidence: what was judged.
        metrics: the metrics on the same rows.
        leaned: permutation importances: `table` and the number of `rows`.
    """
    ways = {"binary": _binary, "multiclass": _multiclass, "regression": _regression, "clustering": _clustering}
    drawn = ways[use_case.problem](use_case, evidence, metrics)
    if leaned["table"]:
        drawn["importances"] = plots.importances(leaned["table"], use_case.metric, leaned["rows"])
    return drawn


def positive_name(use_case: "UseCase") -> str:
    """The positive class in words."""
    return use_case.target if use_case.positive is True else f"{use_case.target} = {use_case.positive}"


def _binary(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    y, said = evidence.model.stacked
    other_y, other = evidence.linear.stacked
    positive = positive_name(use_case)
    scores = {"model": said["probability"].to_numpy(), "plain linear model": other["probability"].to_numpy()}
    linear = compute(use_case, other_y, other)
    areas = {
        metric: {"model": metrics.get(metric, np.nan), "plain linear model": linear.get(metric, np.nan)}
        for metric in ("roc_auc", "average_precision")
    }
    drawn = {}
    if 0 < y.sum() < len(y):
        drawn["roc"] = plots.roc(y, scores, areas["roc_auc"], positive)
        drawn["precision_recall"] = plots.precision_recall(y, scores, areas["average_precision"], positive)
        drawn["thresholds"] = plots.thresholds(y, scores["model"], _threshold(evidence), positive)
    drawn["calibration"] = plots.calibration(y, scores["model"], metrics["calibration_error"], positive, len(evidence.model.predictions))
    names = {0: f"not {positive}", 1: positive}
    drawn["confusion"] = class_plots.confusion(y, said["prediction"].to_numpy(), names, f", accuracy {metrics['accuracy']:.3f}")
    return drawn


def _multiclass(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    y, said = evidence.model.stacked
    truth, chosen = y.astype(str), said["prediction"].to_numpy().astype(str)
    values, counts = np.unique(np.concatenate([truth, chosen]), return_counts=True)
    shown = set(values[np.argsort(-counts, kind="stable")][:CLASSES].tolist())
    rest = "(others)"
    truth, chosen = (np.array([value if value in shown else rest for value in side.tolist()]) for side in (truth, chosen))
    names = {value: value for value in [*sorted(shown), *([rest] if len(values) > CLASSES else [])]}
    repeats = len(evidence.model.predictions)
    right = y.astype(str) == said["prediction"].to_numpy().astype(str)
    drawn = _each_class(evidence, metrics)
    return drawn | {
        "confusion": class_plots.confusion(truth, chosen, names, f", accuracy {metrics['accuracy']:.3f}"),
        "calibration": plots.calibration(
            right, said["probability"].to_numpy(), metrics["calibration_error"], "the predicted class is right", repeats
        ),
    }


def _threshold(evidence: "Evidence") -> float | None:
    """The threshold of one model, as its predictions show it; the models of a cross-validation have one each."""
    said = evidence.model.predictions[0]
    above, below = (said.filter(pl.col("prediction") == called)["probability"] for called in (1, 0))
    if len(evidence.model.predictions) > 1 or not len(above) or not len(below):
        return None
    return (above.min() + below.max()) / 2  # pyright: ignore[reportOperatorIssue, reportReturnType, reportOptionalOperand]


def _each_class(evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    """The curves of the most frequent classes, and precision and recall of all."""
    y, said = evidence.model.stacked
    truth = y.astype(str)
    table = [row for row in evidence.classes if row["rows"]]
    shown = [row for row in table if row["roc_auc"] is not None][:CURVES]
    scores = {row["class"]: said[f"p_{row['class']}"].to_numpy() for row in shown}
    drawn = {"classes": class_plots.by_class(table[:CLASSES], len(evidence.model.rows))}
    if scores:
        areas = {row["class"]: row["roc_auc"] for row in shown}
        drawn["roc"] = class_plots.one_against_rest(truth, scores, areas, metrics.get("roc_auc", np.nan))
    return drawn


def _regression(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    y, said = evidence.model.stacked
    guess = said["prediction"].to_numpy()
    return {
        "actual_against_predicted": number_plots.actual_against_predicted(y, guess, use_case.target, metrics.get("r2", np.nan)),
        "residuals": number_plots.residuals(y, guess, use_case.target, metrics["mae"]),
        "error_by_size": number_plots.error_by_size(
            y, {"model": guess, "plain linear model": evidence.linear.stacked[1]["prediction"].to_numpy()}, use_case.target
        ),
    }


def _clustering(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    y, labels = evidence.model.rows.y, evidence.model.predictions[0]["prediction"].to_numpy().astype(str)
    return {
        "clusters": cluster_plots.scatter(y, labels),
        "silhouettes": cluster_plots.silhouettes(y, labels, metrics.get("silhouette", np.nan)),
        "sizes": cluster_plots.sizes(labels),
    }
