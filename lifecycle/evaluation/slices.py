"""Where a model is weak: its deciding metric on parts of the rows."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.report import SliceReport
from lifecycle.gate.findings import Slice, WorstSlice
from lifecycle.kind import ERRORS

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_SLICE_ROWS = 50
"""Rows that a slice needs to be judged,"""
LEAST_CLASS = 10
"""and so many of each of the two classes of a binary problem."""
MAX_SLICE_VALUES = 12
"""More distinct values of a category than these are put together as `other`."""


def labels(column: pl.Series) -> pl.Series:
    """The slice of each row, as text: the value of a category, the quarter of a number or a time."""
    ordered = (column.dtype.is_numeric() or column.dtype.is_temporal()) and column.n_unique() > MAX_SLICE_VALUES
    found = _quarters(column) if ordered else _categories(column)
    return found.fill_null("missing").alias("slice")


def slices(unseen: EvaluationSet) -> SliceReport:
    """The deciding metric by the values of every slice and sensitive column.

    A slice is compared with what the constant baseline reaches *there*, since a slice can be hard by nature: its skill
    is the share of the possible gain over the constant that the model reaches, and `kept` is that as a share of
    the skill on all rows.

    Returns:
        All slices, the worst (the least `kept` of those with enough rows, with an interval that is widened for the number of
        slices looked at, and `kept_at_best` from its better end), and what was asked of a slice.
    """
    use_case, info = unseen.use_case, unseen.model.rows.info
    whole = _skill(use_case, unseen.value, unseen.baseline)
    table, subsets = [], []
    for name in use_case.kind.compared_columns(use_case):
        if name not in info.columns:
            continue
        given = labels(info[name])
        for value in given.unique().sort().to_list():
            subset = unseen.subset((given == value).to_numpy())
            subsets.append(subset)
            table.append(_slice(subset, name, value, whole))
    enough = [i for i, row in enumerate(table) if row.enough and row.kept is not None]
    worst = min(enough, key=lambda i: table[i].kept, default=None)
    found = None if worst is None else _widened(subsets[worst], table[worst], whole, len(enough))
    return SliceReport(metric=use_case.metric, least_rows=MIN_SLICE_ROWS, least_of_a_class=LEAST_CLASS, skill=whole, table=tuple(table), worst=found)


def _slice(subset: EvaluationSet, column: str, value: str, whole: float | None) -> Slice:
    y, baseline = subset.y, subset.baseline
    enough = len(y) >= MIN_SLICE_ROWS and subset.use_case.kind.enough(y, LEAST_CLASS)
    found = subset.interval() if enough else None
    reached = found.value if found else subset.value
    return Slice(
        column=column,
        slice=value,
        rows=len(y),
        enough=enough and reached is not None,
        value=reached,
        low=found.low if found else None,
        high=found.high if found else None,
        constant=baseline,
        kept=_kept(_skill(subset.use_case, reached, baseline), whole),
    )


def _widened(subset: EvaluationSet, row: Slice, whole: float | None, looks: int) -> WorstSlice:
    """The worst of several is bad by chance, too: its interval holds for all of them together (Bonferroni)."""
    use_case, confidence = subset.use_case, 1 - 0.05 / max(looks, 1)
    found = subset.interval(confidence)
    low, high = (found.low, found.high) if found else (None, None)
    best = high if use_case.kind.greater_is_better(use_case.metric) else low
    at_best = _kept(_skill(use_case, best, row.constant), whole)
    widened = {"low": low, "high": high, "confidence": confidence, "looked_at": looks, "kept_at_best": at_best}
    return WorstSlice(**{**row.as_json(), **widened})


def _skill(use_case: "UseCase", value: float | None, constant: float | None) -> float | None:
    """The share of the possible gain over the constant; an error can fall to 0, a score can rise to 1."""
    if value is None or constant is None:
        return None
    room = constant if use_case.metric in ERRORS else 1 - constant
    return use_case.kind.gain(use_case.metric, value, constant) / room if room > 0 else None


def _kept(skill: float | None, whole: float | None) -> float | None:
    return skill / whole if skill is not None and whole is not None and whole > 0 else None


def _categories(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String)
    frequent = text.drop_nulls().value_counts(sort=True)
    frequent = frequent.sort("count", column.name, descending=[True, False]).head(MAX_SLICE_VALUES)[column.name]
    rare = text.is_not_null() & ~text.is_in(frequent.implode())
    return text.set(rare, "other")


def _quarters(column: pl.Series) -> pl.Series:
    numbers = column.to_physical().cast(pl.Float64)
    edges = np.unique(np.quantile(numbers.drop_nulls().drop_nans().to_numpy(), [0.25, 0.5, 0.75], method="lower"))
    shown = [_shown(column, edge) for edge in edges]
    names = [f"up to {shown[0]}", *[f"{a} to {b}" for a, b in pairwise(shown)], f"over {shown[-1]}"]
    codes = np.searchsorted(edges, numbers.fill_null(0.0).to_numpy(), "left")
    # The number in front keeps the quarters in order where they are sorted as text.
    return pl.Series(np.array([f"{i + 1}: {name}" for i, name in enumerate(names)], dtype=object)[codes], dtype=pl.String).set(
        numbers.is_null() | numbers.is_nan(), None
    )


def _shown(column: pl.Series, edge: float) -> str:
    if column.dtype.is_temporal():
        return str(pl.Series([int(edge)]).cast(column.to_physical().dtype).cast(column.dtype)[0])
    return f"{edge:.4g}"
