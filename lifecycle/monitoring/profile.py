"""What a model was trained on, in a few kilobytes: the reference that live rows are compared with."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import polars.selectors as cs

from lifecycle import answer_schema
from lifecycle.monitoring import bins, limits, role_views, seasons
from lifecycle.monitoring.drift import limited
from lifecycle.monitoring.null_windows import UNIT, Family, paired, seasoned

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

MAX_PROFILE_ROWS = 1_000_000
DIGITS = 7
"""A tree says one number for many rows, and the edges of cells are such numbers: their last bits, in which the pipeline and its
compiled form (or two orders of a sum) differ, must not move thousands of rows from one cell to the next."""
STRETCH = 20_000
"""Of more rows than `MAX_PROFILE_ROWS`, stretches of so many consecutive ones stand for all."""


def reference(use_case: "UseCase", train: "Rows", predictions: pl.DataFrame) -> dict[str, Any]:
    """Describe the training rows, the model's predictions on held-out rows, and how much both vary without drift.

    Args:
        use_case: the definition; its monitoring policy says how often a window may look bad, its seed fixes the rest.
        train: the rows the model was fitted on.
        predictions: of held-out rows, as `lifecycle.predict.predict` gives them, in the order of their time.

    Returns:
        JSON-able: `rows`, `from`, `to`, `columns` and `predictions` (by name the cells and their counts, see
        `lifecycle.monitoring.bins`) and `limits` (see `lifecycle.monitoring.limits`).
    """
    random = np.random.default_rng(use_case.seed)
    order, ordered = _order(train, use_case, random)
    X, info = (train.X, train.info) if order is None else (train.X[order], train.info[order])
    views, viewed = role_views.fit(use_case, X)
    watched = watch(predictions.select(name for name in answer_schema.watched(use_case.kind.answer_schema) if name in predictions.columns))
    along = any(use_case.columns.one(role) for role in ("time", "order"))
    monitored = _monitored(use_case, train)
    sizes = sorted({*limits.SIZES, monitored})
    inputs = _fit(viewed, ordered, info["_time"] if "_time" in info.columns else None)
    for name, column in zip(inputs.names, inputs.columns, strict=True):
        column |= views.get(name, {})
    if inputs.names and inputs.rows:
        inputs = paired(seasoned(inputs, limited(), [size for size in sizes if size <= monitored]))
    beside = _fit(watched[stretches(watched.height)], along)
    families = [family for family in (inputs, beside) if family.rows]
    time = train.time
    made: dict[str, Any] = {
        "rows": len(train),
        "from": _iso(time.min() if time is not None else None),
        "to": _iso(time.max() if time is not None else None),
        "columns": dict(zip(inputs.names, inputs.columns, strict=True)),
        "predictions": dict(zip(beside.names, beside.columns, strict=True)),
        "limits": limits.calibrate(families, limited(), sizes, use_case.monitoring.false_alarms, random),
        "joint": inputs.pairs.as_json(inputs.names) if inputs.pairs else {},
        "seasons": _seasons(inputs),
    }
    return made | _target(use_case, info, ordered, sizes, monitored, random)


def _target(use_case: "UseCase", info: pl.DataFrame, ordered: bool, sizes: list[int], monitored: int, random: np.random.Generator) -> dict[str, Any]:
    """The target, as what labels come later is compared with; it is looked at alone, when labels have come."""
    if use_case.target not in info.columns:
        return {}
    known = info.filter(pl.col(use_case.target).is_not_null())
    if not known.height:
        return {}
    values = known[use_case.target]
    family = _fit(pl.DataFrame({use_case.target: values}), ordered, known["_time"] if "_time" in known.columns else None)
    family = seasoned(family, limited(), [size for size in sizes if size <= monitored])
    found = limits.calibrate([family], limited(), sizes, use_case.monitoring.false_alarms, random)
    return {"target": {"columns": {use_case.target: family.columns[0]}, "limits": found, "seasons": _seasons(family), "predictions": {}}}


def _seasons(family: Family) -> dict[str, Any]:
    """The reference by season, of the columns that have seasons."""
    if family.season is None or not family.seasonal:
        return {}
    number = seasons.LENGTHS[family.by]
    tables = {
        family.names[at]: seasons.table(family.codes[at], int(family.layout.sizes[at]), family.season, number).tolist() for at in family.seasonal
    }
    return {"by": family.by, "columns": tables}


def watch(predictions: pl.DataFrame) -> pl.DataFrame:
    """Columns of predictions as they are watched: a class as text, numbers to `DIGITS`."""
    classes = [
        column.name for column in predictions if not column.dtype.is_float() and (column.name == "prediction" or not column.dtype.is_numeric())
    ]
    return predictions.with_columns(pl.col(classes).cast(pl.String), cs.float().round_sig_figs(DIGITS))


def stretches(rows: int) -> np.ndarray:
    """Positions of at most `MAX_PROFILE_ROWS` rows, in runs of consecutive ones spread evenly."""
    if rows <= MAX_PROFILE_ROWS:
        return np.arange(rows)
    starts = np.linspace(0, rows - STRETCH, MAX_PROFILE_ROWS // STRETCH).astype(np.int64)
    return np.unique((starts[:, None] + np.arange(STRETCH)).ravel())


def _order(train: "Rows", use_case: "UseCase", random: np.random.Generator) -> tuple[np.ndarray | None, bool]:
    """Positions that put rows which belong together beside each other, and whether there is such an order."""
    clusters = [*use_case.columns.having("group"), *use_case.columns.having("entity")]
    place = use_case.columns.one("order")
    along = train.info[place] if place and train.time is None else train.time
    if along is not None:
        order = along.arg_sort().to_numpy()
    elif clusters:
        found = train.info[clusters[0]].rank("dense").fill_null(0).to_numpy().astype(np.int64)
        order = np.argsort(random.permutation(found.max() + 1)[found], kind="stable")
    else:
        order = None
    if len(train) <= MAX_PROFILE_ROWS and (order is None or (along is not None and along.is_sorted())):
        return None, order is not None
    some = stretches(len(train))
    return (some if order is None else order[some]), order is not None


def _fit(frame: pl.DataFrame, ordered: bool, time: pl.Series | None = None) -> Family:
    columns = [bins.fit(series) for series in frame]
    codes = [bins.codes(column, series) for column, series in zip(columns, frame, strict=True)]
    for column, code in zip(columns, codes, strict=True):
        column["counts"] = np.bincount(code, minlength=bins.cells(column)).tolist()
    return Family(frame.columns, columns, codes, ordered, time)


def _monitored(use_case: "UseCase", train: "Rows") -> int:
    """The size of the windows that will be compared, in rows."""
    window, time = use_case.monitoring.window, train.time
    if isinstance(window, dt.timedelta):
        first, last = (None, None) if time is None else (time.min(), time.max())
        span = last - first if isinstance(first, dt.datetime) and isinstance(last, dt.datetime) else dt.timedelta(0)
        window = round(len(train) * (window / span)) if span else UNIT
    return max(round(window / UNIT), 1) * UNIT


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
