"""Which pictures an evaluation has, by kind of problem."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle import plots
from lifecycle.metrics import compute

if TYPE_CHECKING:
    from lifecycle.evidence import Evidence
    from lifecycle.usecase import UseCase

CLASSES = 20
"""A confusion matrix shows the most frequent classes, the others together."""


def draw(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float], leaned: dict[str, Any]) -> dict[str, bytes]:
    """The pictures, as PNG bytes by name.

    Args:
        use_case: the definition.
        evidence: what was judged.
        metrics: the metrics on the same rows.
        leaned: permutation importances: `table` and the number of `rows`.
    """
    drawn = {"binary": _binary, "multiclass": _multiclass, "regression": _regression}[use_case.problem](use_case, evidence, metrics)
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
    drawn["calibration"] = plots.calibration(y, scores["model"], metrics["calibration_error"], positive, len(evidence.model.predictions))
    names = {0: f"not {positive}", 1: positive}
    drawn["confusion"] = plots.confusion(y, said["prediction"].to_numpy(), names, f", accuracy {metrics['accuracy']:.3f}")
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
    return {
        "confusion": plots.confusion(truth, chosen, names, f", accuracy {metrics['accuracy']:.3f}"),
        "calibration": plots.calibration(
            right, said["probability"].to_numpy(), metrics["calibration_error"], "the predicted class is right", repeats
        ),
    }


def _regression(use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
    y, said = evidence.model.stacked
    guess = said["prediction"].to_numpy()
    return {
        "actual_against_predicted": plots.actual_against_predicted(y, guess, use_case.target, metrics.get("r2", np.nan)),
        "residuals": plots.residuals(y, guess, use_case.target, metrics["mae"]),
    }
