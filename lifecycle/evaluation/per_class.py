"""A multiclass model class by class: what of each is found, and what is rightly called so."""

from typing import Any

import numpy as np

from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.report import ClassReport
from lifecycle.evaluation.resample import distribution, interval, replicates
from lifecycle.evaluation.statistics import Ranking, Sums, Values

CLASSES = 30
"""So many classes are looked at, the most frequent first."""
CONFIDENCE = 0.95


def by_class(unseen: EvaluationSet) -> tuple[ClassReport, ...]:
    """Each class, the most frequent first; over the repeats of a cross-validation the mean."""
    judged, groups = unseen.model, unseen.groups
    truth = judged.rows.y.astype(str)
    chosen = [frame["prediction"].to_numpy().astype(str) for frame in judged.predictions]
    names, counts = np.unique(np.concatenate([truth, *chosen]), return_counts=True)
    names = names[np.argsort(-counts, kind="stable")][:CLASSES]
    one = np.ones((1, len(truth)))
    repeats = [Sums(_terms(truth, guess, names), lambda sums: _finish(sums, len(names))) for guess in chosen]
    values = _mean([statistic.values(one) for statistic in repeats])
    draws = _mean([distribution([statistic], groups, replicates(CONFIDENCE), unseen.use_case.seed) for statistic in repeats])
    table = []
    for i, name in enumerate(names.tolist()):
        recall = interval(float(values[f"recall {i}"][0]), draws[f"recall {i}"], groups.count, CONFIDENCE)
        table.append(
            ClassReport(
                name=name,
                rows=int((truth == name).sum()),
                precision=_defined(values[f"precision {i}"][0]),
                recall=_defined(values[f"recall {i}"][0]),
                f1=_defined(values[f"f1 {i}"][0]),
                low=recall.low,
                high=recall.high,
                roc_auc=_area(judged, name),
            )
        )
    return tuple(sorted(table, key=lambda row: (-row.rows, row.name)))


def _terms(truth: np.ndarray, chosen: np.ndarray, names: np.ndarray) -> np.ndarray:
    is_so, called = truth[:, None] == names, chosen[:, None] == names
    return np.hstack([is_so, called, is_so & called]).astype(np.float64)


def _finish(sums: np.ndarray, count: int) -> Values:
    truth, called, hits = sums[:count], sums[count : 2 * count], sums[2 * count :]
    precision, recall, f1 = hits / called, hits / truth, 2 * hits / (truth + called)
    return {f"{name} {i}": found[i] for name, found in (("precision", precision), ("recall", recall), ("f1", f1)) for i in range(count)}


def _mean(found: list[Values]) -> Values:
    return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}


def _area(judged: Predictions, name: str) -> float | None:
    truth = judged.rows.y.astype(str) == name
    if f"p_{name}" not in judged.predictions[0].columns:
        return None
    ones = np.ones((1, len(truth)))
    areas = [Ranking.of(truth, frame[f"p_{name}"].to_numpy()).values(ones)["roc_auc"][0] for frame in judged.predictions]
    return _defined(np.mean(areas))


def _defined(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
