"""Fairness, named: how groups of people fare under a model, and how sure the differences are."""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.evaluation.resample import Clusters, distribution, interval, replicates
from lifecycle.evaluation.slices import labels
from lifecycle.evaluation.statistics import Sums

if TYPE_CHECKING:
    from lifecycle.evaluation.judge import Judged
    from lifecycle.usecase import UseCase

LEAST = 50
"""Rows that a group needs to be compared,"""
LEAST_POSITIVES = 30
"""and positives for its true-positive rate."""
CONFIDENCE = 0.95
NOT_ENOUGH = "not enough evidence"


@dataclass(frozen=True)
class Measure:
    """What is compared between groups: the sum of `of` over the sum of `over`, each of shape (rows,)."""

    name: str
    of: np.ndarray
    over: np.ndarray
    least: int = LEAST


def fairness(use_case: "UseCase", judged: "Judged", groups: Clusters) -> dict[str, Any]:
    """For each sensitive column, each measure by group, and the largest difference between two groups.

    Returns:
        By column: `groups` (name: rows) and, for each measure (see `Kind.fairness`), `groups` (name: value with interval, or
        `None` below the minimum) and `difference` (`between` the highest and the lowest group, with an interval widened
        for the number of pairs that could have been picked; or the verdict `not enough evidence`).
    """
    found: dict[str, Any] = {}
    compared = use_case.kind.fairness(judged)
    if not compared:
        return found  # no truth to be fair about; which groups of people a cluster holds is in its profile
    for name in use_case.columns.having("sensitive"):
        given = labels(judged.rows.info[name])
        names = given.unique().sort().to_list()
        member = np.stack([(given == value).to_numpy() for value in names], axis=1).astype(np.float64)
        rows = {value: int(count) for value, count in zip(names, member.sum(axis=0), strict=True)}
        found[name] = {"groups": rows, **{measure.name: _compare(use_case, measure, names, member, groups) for measure in compared}}
    return found


def _compare(use_case: "UseCase", measure: Measure, names: list[str], member: np.ndarray, groups: Clusters) -> dict[str, Any]:
    count = len(names)
    terms = np.hstack([member * measure.of[:, None], member * measure.over[:, None]])
    statistic = Sums(terms, lambda sums: {str(i): sums[i] / sums[count + i] for i in range(count)})
    draws = distribution([statistic], groups, replicates(CONFIDENCE), use_case.seed)
    sums = terms.sum(axis=0)
    enough = [i for i in range(count) if sums[count + i] >= measure.least]
    inside = [len(np.unique(groups.codes[member[:, i] > 0])) for i in range(count)]
    value = {i: float(sums[i] / sums[count + i]) for i in enough}
    by_group = {names[i]: interval(value[i], draws[str(i)], inside[i], CONFIDENCE).json() if i in value else None for i in range(count)}
    if len(enough) < 2:
        difference: dict[str, Any] = {"verdict": NOT_ENOUGH, "least": measure.least}
    else:
        high, low = max(enough, key=lambda i: value[i]), min(reversed(enough), key=lambda i: value[i])
        confidence = 1 - (1 - CONFIDENCE) / len(list(combinations(enough, 2)))
        least = min(inside[high], inside[low])
        found = interval(value[high] - value[low], draws[str(high)] - draws[str(low)], least, confidence)
        shown = found.low is not None and found.low > 0
        difference = {"verdict": "different" if shown else "no difference shown", "between": [names[high], names[low]], **found.json()}
    return {"groups": by_group, "difference": difference}
