"""Whether intervals, and sets of classes, hold the truth as often as they state: on all judged rows, by slice, and by class."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.report import CoverageReport, SliceCoverage
from lifecycle.evaluation.resample import intervals
from lifecycle.evaluation.slices import MIN_SLICE_ROWS, labels

COVERAGE = "coverage"
MAX_CLASSES = 20
"""So many classes, the most frequent, have a row of their own."""


def coverage(unseen: EvaluationSet, model: Any) -> CoverageReport | None:
    """The coverage that the answers of a finished model state, and the one that they reach; `None` where its kind states none.

    Args:
        unseen: the judged rows.
        model: the finished model, which holds what was stated and by how many rows.
    """
    stated = getattr(model, "conformal_", None)
    if stated is None:
        return None
    use_case, info = unseen.use_case, unseen.model.rows.info
    reached = intervals(use_case, unseen.y, unseen.model.predictions, unseen.groups, [COVERAGE]).get(COVERAGE)
    size, unit = use_case.kind.spread(unseen.model.stacked[1])
    by_slice = [
        found
        for name in use_case.kind.compared_columns(use_case)
        if name in info.columns
        for found in _parts(unseen, name, labels(info[name]).to_numpy())
    ]
    classes = use_case.kind.classes(unseen.y)
    frequent = sorted(classes.tolist(), key=lambda value: -int((unseen.y == value).sum()))[:MAX_CLASSES]
    by_class = [found for value in frequent for found in _parts(unseen, use_case.target, _only(unseen.y, value))]
    return CoverageReport(
        stated=stated.coverage, calibrated=stated.rows, reached=reached, size=size, unit=unit, slices=tuple(by_slice), classes=tuple(by_class)
    )


def _only(y: np.ndarray, value: Any) -> np.ndarray:
    """The name of a class where rows have it."""
    found = np.full(len(y), None, dtype=object)
    found[y == value] = str(value)
    return found


def _parts(unseen: EvaluationSet, column: str, given: np.ndarray) -> Iterator[SliceCoverage]:
    """The coverage on the rows with each value, where there are enough; rows without a value are left out."""
    for value in sorted({each for each in given.tolist() if each is not None}):
        part = unseen.subset(given == value)
        if len(part.y) < MIN_SLICE_ROWS:
            continue
        found = part.interval(metric=COVERAGE)
        if found is not None:
            yield SliceCoverage(column=column, slice=value, rows=len(part.y), value=found.value, low=found.low, high=found.high)
