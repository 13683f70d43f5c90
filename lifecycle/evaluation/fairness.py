"""Fairness, named: how groups of people fare under a model, and how sure the differences are."""

from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.report import ColumnFairness, GroupMeasure
from lifecycle.evaluation.resample import distribution, interval, replicates
from lifecycle.evaluation.slices import labels
from lifecycle.evaluation.statistics import Sums
from lifecycle.gate.findings import GroupDifference

MIN_GROUP_ROWS = 50
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
    least: int = MIN_GROUP_ROWS


def fairness(unseen: EvaluationSet) -> dict[str, ColumnFairness]:
    """For each sensitive column, each measure (see `Kind.fairness`) by group, and the largest difference between two groups.

    A group below the minimum has no value. A difference is that of the highest and the lowest group, with an interval widened for
    the number of pairs that could have been picked; or the verdict `not enough evidence`.
    """
    compared = unseen.use_case.kind.fairness(unseen.model)
    if not compared:
        return {}  # no truth to be fair about; which groups of people a cluster holds is in its profile
    found = {}
    for name in unseen.use_case.columns.having("sensitive"):
        given = labels(unseen.model.rows.info[name])
        names = given.unique().sort().to_list()
        member = np.stack([(given == value).to_numpy() for value in names], axis=1).astype(np.float64)
        rows = {value: int(count) for value, count in zip(names, member.sum(axis=0), strict=True)}
        found[name] = ColumnFairness(groups=rows, measures={measure.name: _compare(unseen, measure, names, member) for measure in compared})
    return found


def _compare(unseen: EvaluationSet, measure: Measure, names: list[str], member: np.ndarray) -> GroupMeasure:
    count, groups = len(names), unseen.groups
    terms = np.hstack([member * measure.of[:, None], member * measure.over[:, None]])
    statistic = Sums(terms, lambda sums: {str(i): sums[i] / sums[count + i] for i in range(count)})
    draws = distribution([statistic], groups, replicates(CONFIDENCE), unseen.use_case.seed)
    sums = terms.sum(axis=0)
    enough = [i for i in range(count) if sums[count + i] >= measure.least]
    inside = [len(np.unique(groups.codes[member[:, i] > 0])) for i in range(count)]
    value = {i: float(sums[i] / sums[count + i]) for i in enough}
    by_group = {names[i]: interval(value[i], draws[str(i)], inside[i], CONFIDENCE) if i in value else None for i in range(count)}
    if len(enough) < 2:
        return GroupMeasure(groups=by_group, difference=GroupDifference(verdict=NOT_ENOUGH, least=measure.least))
    high, low = max(enough, key=lambda i: value[i]), min(reversed(enough), key=lambda i: value[i])
    confidence = 1 - (1 - CONFIDENCE) / len(list(combinations(enough, 2)))
    least = min(inside[high], inside[low])
    found = interval(value[high] - value[low], draws[str(high)] - draws[str(low)], least, confidence)
    shown = found.low is not None and found.low > 0
    verdict = "different" if shown else "no difference shown"
    return GroupMeasure(groups=by_group, difference=GroupDifference(verdict=verdict, between=(names[high], names[low]), **asdict(found)))
