"""Answers as the log of predictions keeps them: one row each, however they were given.

Beside what every row of the log has stand the columns that the kind's `answer_schema` declares.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import polars as pl

from lifecycle import answer_schema
from lifecycle.answer_schema import Fields
from lifecycle.prediction_log import cooperative

HTTP, SHADOW = "http", "shadow"
BEFORE: dict[str, Any] = {
    "id": pl.String,
    "key": pl.String,
    "time": pl.Datetime("us"),
    "model_version": pl.Int64,
}
AFTER: dict[str, Any] = {
    "origin": pl.String,
    "scored_at": pl.Datetime("us", "UTC"),
    "inputs": pl.String,
    "latency": pl.Float64,
}


def schema(fields: Fields) -> dict[str, Any]:
    """The columns of a segment, in their order."""
    return {**BEFORE, **{name: kept.stored_dtype for name, kept in answer_schema.stored(fields).items()}, **AFTER}


class Entry(TypedDict, total=False):
    """What is known of one answer beside its fields, which stand in the same mapping. `id` and `model_version` are always there."""

    id: str
    key: str | None
    """Of the row; where it has none the answer's id stands for it, so that a label can name it."""
    time: dt.datetime | None
    inputs: Any
    """The row as it came: JSON text, or what becomes JSON."""
    model_version: int
    latency_s: float
    shadow: bool
    """Said by a challenger, unseen by the client."""


LogBatch = tuple[float, Sequence[Mapping[str, Any]] | pl.DataFrame]
"""Answers of one moment, in seconds since 1970."""


def frame(taken: Sequence[LogBatch], fields: Fields, encode: Callable[[Any], str | bytes]) -> pl.DataFrame:
    """Lots of answers as rows of a segment; made in turns, for a service writes thousands of them while it answers."""
    frames = [_conform(part, fields, moment) for moment, part in taken if isinstance(part, pl.DataFrame)]
    single = [(moment, entry) for moment, part in taken if not isinstance(part, pl.DataFrame) for entry in part]
    return pl.concat([*frames, *(_rows(piece, fields, encode) for piece in cooperative.pieces(single))])


def as_json(row: Any) -> str:
    """A row as JSON text."""
    return json.dumps(row, default=str, ensure_ascii=False)


def _rows(single: Sequence[tuple[float, Mapping[str, Any]]], fields: Fields, encode: Callable[[Any], str | bytes]) -> pl.DataFrame:
    entries = [entry for _, entry in single]

    def cells(name: str) -> list[Any]:
        return [entry.get(name) for entry in entries]

    columns = {
        "id": cells("id"),
        "key": [entry["id"] if entry.get("key") is None else entry["key"] for entry in entries],
        "time": cells("time"),
        "model_version": cells("model_version"),
        **answer_schema.cells(fields, entries),
        "origin": [SHADOW if entry.get("shadow") else HTTP for entry in entries],
        "scored_at": [int(moment * 1e6) for moment, _ in single],
        "inputs": [_text(encode, inputs) for inputs in cells("inputs")],
        "latency": cells("latency_s"),
    }
    types = {**schema(fields), "scored_at": pl.Int64}
    frame = pl.DataFrame([pl.Series(name, values, types[name]) for name, values in columns.items()])
    return frame.cast({"scored_at": AFTER["scored_at"]})


def _conform(answers: pl.DataFrame, fields: Fields, moment: float) -> pl.DataFrame:
    """A frame of answers as the table takes it."""
    inputs = pl.col("inputs").struct.json_encode() if isinstance(answers.schema["inputs"], pl.Struct) else pl.col("inputs")
    shadow = pl.col("shadow") if "shadow" in answers.columns else pl.lit(False)
    return answers.select(
        "id",
        pl.coalesce("key", "id").alias("key"),
        pl.col("time"),
        pl.col("model_version"),
        *answer_schema.store(fields, answers),
        origin=pl.when(shadow).then(pl.lit(SHADOW)).otherwise(pl.lit(HTTP)),
        scored_at=pl.lit(dt.datetime.fromtimestamp(moment, dt.UTC)),
        inputs=inputs,
        latency=pl.col("latency_s"),
    ).cast(pl.Schema(schema(fields)))


def _text(encode: Callable[[Any], str | bytes], inputs: Any) -> str | None:
    if inputs is None or isinstance(inputs, str):
        return inputs
    encoded = inputs if isinstance(inputs, bytes) else encode(inputs)
    return encoded.decode() if isinstance(encoded, bytes) else encoded
