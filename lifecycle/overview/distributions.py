"""What a column was like in training and what it was in a window: the two sides of a cell of the drift's heat map."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle import answer_schema
from lifecycle.errors import LifecycleError
from lifecycle.json_model import JsonModel
from lifecycle.monitoring import bins, drift, live_rows
from lifecycle.monitoring.profile import watch
from lifecycle.overview.story import DriftWindow
from lifecycle.store import versions
from lifecycle.store.lake import lake, quoted

if TYPE_CHECKING:
    from lifecycle.references import ModelVersion
    from lifecycle.usecase import UseCase

MOST_ROWS = 300_000
"""So many rows of the newest windows are counted."""


class Bar(JsonModel):
    """A cell of a column: what falls into it, in words, and its share of the training rows and of the window's."""

    label: str
    then: float
    now: float


class Distribution(JsonModel):
    """A column in a window beside itself in training."""

    window: int
    column: str
    rows: int
    bars: tuple[Bar, ...]


def distributions(use_case: "UseCase", version: "ModelVersion", windows: Sequence[DriftWindow]) -> dict[tuple[int, str], Distribution]:
    """Both distributions of every column in these windows of a version, by the window's number and the column.

    Rows are counted into the cells of the version's profile, as monitoring counts them. Windows without times (their rows cannot be told any
    more) have none, and neither have those that would be more than `MOST_ROWS` rows together.
    """
    dated = [each for each in windows if each.start and each.end and each.version == version.version]
    while dated and sum(each.rows for each in dated) > MOST_ROWS:
        dated = dated[1:]
    if not dated:
        return {}
    try:
        profile = json.loads(versions.artifact(version, "profile.json"))
        X = _rows(use_case, version, dated)
    except LifecycleError:
        return {}
    found: dict[tuple[int, str], Distribution] = {}
    starts = np.array([each.start for each in dated], "datetime64[us]")
    ends = np.array([each.end for each in dated], "datetime64[us]")
    for family, frame in (("columns", X), ("predictions", _said(use_case, version, dated))):
        if not profile[family] or frame.is_empty():
            continue
        time = frame["_time"].cast(pl.Datetime("us")).to_numpy()
        number = np.searchsorted(starts, time, side="right") - 1
        number = np.where((number >= 0) & (time <= ends[np.maximum(number, 0)]), number, -1)
        one = {"columns": {}, "predictions": {}, family: profile[family]}
        sides = (frame, None) if family == "columns" else (frame.select("_time"), frame)
        cells = drift.counted(one, *sides, number, len(dated)).cells[family]
        at = 0
        for name, column in profile[family].items():
            size = bins.cells(column)
            for window, counts in zip(dated, cells[:, at : at + size], strict=True):
                found[window.number, name] = Distribution(window=window.number, column=name, rows=int(counts.sum()), bars=_bars(column, counts))
            at += size
    return found


def _rows(use_case: "UseCase", version: "ModelVersion", windows: Sequence[DriftWindow]) -> pl.DataFrame:
    """The inputs of the rows of these windows, as the feature table has them now."""
    table = f"{quoted(use_case.name)}.features"
    there = {name for (name, *_) in lake().rows(f"DESCRIBE {table}")}
    names = [quoted(name) for name in version.evaluated.trained.parts.features.names if name in there]
    query = f"SELECT {', '.join(['_time', *names])} FROM {table} WHERE _time BETWEEN ? AND ?"
    return lake().frame(query, [windows[0].start, windows[-1].end])


def _said(use_case: "UseCase", version: "ModelVersion", windows: Sequence[DriftWindow]) -> pl.DataFrame:
    """What the version said of the same rows, as it was logged."""
    logged = live_rows.logged(use_case, version).filter(pl.col("time").is_between(windows[0].start, windows[-1].end))
    names = answer_schema.watched(use_case.kind.answer_schema)
    return watch(logged.select(names)).with_columns(_time=logged["time"])


def _bars(column: dict[str, Any], counts: np.ndarray) -> tuple[Bar, ...]:
    """The cells of a column that have rows on either side."""
    then = np.asarray(column["counts"], float)
    shares = [each / max(each.sum(), 1) for each in (then, counts.astype(float))]
    labels = _labels(column)
    return tuple(
        Bar(label=label, then=round(float(one), 5), now=round(float(other), 5))
        for label, one, other in zip(labels, *shares, strict=True)
        if one > 0 or other > 0
    )


def _labels(column: dict[str, Any]) -> list[str]:
    """What falls into each cell, in words."""
    if "values" in column:
        return [*map(str, column["values"]), "other", "missing"]
    edges = column["edges"]
    said = [f"below {_short(edges[0])}"]
    for low, high in pairwise(edges):
        said.append(_short(low) if np.nextafter(low, np.inf) >= high else f"{_short(low)} to {_short(high)}")
    return [*said, f"above {_short(edges[-1])}", "missing"]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
