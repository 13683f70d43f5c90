"""Where a model is weak: its deciding metric on parts of the rows."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.resample import Clusters, average, intervals
from lifecycle.kind import ERRORS

if TYPE_CHECKING:
    from lifecycle.evaluation.judge import Judged
    from lifecycle.usecase import UseCase

LEAST = 50
"""Rows that a slice needs to be judged,"""
LEAST_CLASS = 10
"""and so many of each of the two classes of a binary problem."""
VALUES = 12
"""More distinct values of a category than these are put together as `other`."""


def labels(column: pl.Series) -> pl.Series:
    """The slice of each row, as text: the value of a category, the quarter of a number or a time."""
    ordered = (column.dtype.is_numeric() or column.dtype.is_temporal()) and column.n_unique() > VALUES
    found = _quarters(column) if ordered else _categories(column)
    return found.fill_null("missing").alias("slice")


def slices(use_case: "UseCase", judged: "Judged", constant: "Judged", groups: Clusters) -> dict[str, Any]:
    """The deciding metric by the values of every slice and sensitive column.

    A slice is compared with what the constant baseline reaches *there*, since a slice can be hard by nature: its skill
    is the share of the possible gain over the constant that the model reaches, and `kept` is that as a share of
    the skill on all rows.

    Returns:
        `table` (one row a slice), `worst` (the least `kept` of those with enough rows, with an interval that is
        widened for the number of slices looked at, and `kept_at_best` from its better end) and what was asked of a slice.
    """
    whole = _skill(use_case, _value(use_case, judged, None), _value(use_case, constant, None))
    table, masks = [], []
    for name in use_case.kind.compared_columns(use_case):
        if name not in judged.rows.info.columns:
            continue
        given = labels(judged.rows.info[name])
        for value in given.unique().sort().to_list():
            where = (given == value).to_numpy()
            masks.append(where)
            table.append({"column": name, "slice": value, **_row(use_case, judged, constant, groups, where, whole)})
    enough = [i for i, row in enumerate(table) if row["enough"] and row["kept"] is not None]
    worst = min(enough, key=lambda i: table[i]["kept"], default=None)
    found = None if worst is None else _widened(use_case, judged, groups, masks[worst], table[worst], whole, len(enough))
    return {"metric": use_case.metric, "least_rows": LEAST, "least_of_a_class": LEAST_CLASS, "skill": whole, "table": table, "worst": found}


def _row(use_case: "UseCase", judged: "Judged", constant: "Judged", groups: Clusters, where: np.ndarray, whole: float | None) -> dict[str, Any]:
    y = judged.rows.y[where]
    baseline = _value(use_case, constant, where)
    enough = len(y) >= LEAST and use_case.kind.enough(y, LEAST_CLASS)
    frames = [frame.filter(where) for frame in judged.predictions]
    found = intervals(use_case, y, frames, groups.take(where), [use_case.metric]).get(use_case.metric) if enough else None
    value = found.value if found else _value(use_case, judged, where)
    return {
        "rows": len(y),
        "enough": enough and value is not None,
        "value": value,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "constant": baseline,
        "kept": _kept(_skill(use_case, value, baseline), whole),
    }


def _widened(
    use_case: "UseCase", judged: "Judged", groups: Clusters, where: np.ndarray, row: dict[str, Any], whole: float | None, looks: int
) -> dict[str, Any]:
    """The worst of several is bad by chance, too: its interval holds for all of them together (Bonferroni)."""
    frames = [frame.filter(where) for frame in judged.predictions]
    confidence = 1 - 0.05 / max(looks, 1)
    found = intervals(use_case, judged.rows.y[where], frames, groups.take(where), [use_case.metric], confidence)[use_case.metric]
    best = found.high if use_case.kind.greater_is_better(use_case.metric) else found.low
    at_best = _kept(_skill(use_case, best, row["constant"]), whole)
    return {**row, "low": found.low, "high": found.high, "confidence": confidence, "looked_at": looks, "kept_at_best": at_best}


def _value(use_case: "UseCase", judged: "Judged", where: np.ndarray | None) -> float | None:
    y = judged.rows.y if where is None else judged.rows.y[where]
    frames = judged.predictions if where is None else [frame.filter(where) for frame in judged.predictions]
    return average([compute(use_case, y, frame, names=[use_case.metric]) for frame in frames]).get(use_case.metric)


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
    frequent = frequent.sort("count", column.name, descending=[True, False]).head(VALUES)[column.name]
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
