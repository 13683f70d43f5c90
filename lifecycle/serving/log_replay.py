"""What other processes were asked, and this one before it was started again: rows from the log of predictions.

A row of the log counts like one asked about here, unless it is known already, here or in the lake.
"""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.prediction_log import segments
from lifecycle.prediction_log.entries import HTTP
from lifecycle.serving import request_buffer
from lifecycle.serving.predictor import Predictor
from lifecycle.serving.requests import RowsError
from lifecycle.store import tables
from lifecycle.store.lake import Lake, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

WANTED = ("key", "inputs")


class LogReplay:
    """Reads the log of one use case on this machine, each segment once."""

    def __init__(self, home: Path, predictor: Predictor) -> None:
        self._folder = segments.place(home, predictor.use_case.name, "predictions")
        self._predictor = predictor
        self._seen: set[Path] = set()

    def look(self) -> int:
        """Take in what was written since. Returns how many rows were news."""
        there = segments.waiting(self._folder)
        seen, self._seen = self._seen, set(there)
        frames = (_segment(path) for path in there if path not in seen)  # one at a time: after an outage there may be many
        return sum(take(self._predictor, frame) for frame in frames if frame is not None)


def take(predictor: Predictor, log: pl.DataFrame) -> int:
    """Remember the rows of a piece of the log (`key` and `inputs`, texts) that are not known yet. Returns how many there were."""
    fresh = log.filter(predictor.unknown(log["key"]))
    rows = [row for row in map(_row, fresh["inputs"].to_list()) if row is not None]
    return sum(predictor.remember(part) for part in _valid(predictor, rows))


def logged(store: Lake, use_case: "UseCase", floor: dt.datetime | None) -> pl.DataFrame:
    """Rows that the lake has in its log of predictions and nowhere else."""
    empty = pl.DataFrame(schema=dict.fromkeys(WANTED, pl.String))
    key = use_case.columns.one("key")
    if not key or not (tables.exists(store, use_case.name, "predictions") and tables.exists(store, use_case.name, "raw")):
        return empty
    there = {row[0] for row in store.rows(f"DESCRIBE {use_case.name}.predictions")}
    if "inputs" not in there:
        return empty
    since, values = ("AND time >= ?", [floor]) if floor else ("", [])
    mine = f"""SELECT key, inputs, scored_at FROM {use_case.name}.predictions
        WHERE origin = ? AND inputs IS NOT NULL {since} AND key NOT IN (SELECT {quoted(key)}::VARCHAR FROM {use_case.name}.raw)
        QUALIFY sum(strlen(inputs)) OVER (ORDER BY scored_at DESC ROWS UNBOUNDED PRECEDING) <= {request_buffer.MAX_BYTES}"""  # more would not be kept
    return store.frame(f"SELECT key, inputs FROM ({mine}) ORDER BY scored_at", [HTTP, *values])


def _segment(path: Path) -> pl.DataFrame | None:
    """A segment's rows; nothing where the lake has taken it meanwhile, or where it cannot be read."""
    try:
        return pl.read_parquet(path, columns=[*WANTED, "origin"]).filter(pl.col("origin") == HTTP, pl.col("inputs").is_not_null()).select(WANTED)
    except (OSError, pl.exceptions.PolarsError):
        return None


def _row(text: str) -> dict[str, Any] | None:
    try:
        row = json.loads(text)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _valid(predictor: Predictor, rows: list[dict[str, Any]]) -> list[dict[str, list[Any]]]:
    """Cells of the rows; where the schema has changed since they were asked about, of those that it still accepts."""
    if not rows:
        return []
    try:
        return [predictor.reader.cells(rows)]
    except RowsError:
        if len(rows) == 1:
            return []
        middle = len(rows) // 2
        return [*_valid(predictor, rows[:middle]), *_valid(predictor, rows[middle:])]
