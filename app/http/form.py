"""What a form needs to know of a use case's rows: fields, bounds, choices, and values to start from."""

import time
import uuid
from typing import Any

import polars as pl

from app.http.openapi import field
from lifecycle.serving.examples import example
from lifecycle.serving.requests import Reader, RequestField

Profile = dict[str, Any]
EXACT = 2**31 - 1
"""Bounds beyond are those of the type: nothing that a reader needs to be told."""


def form(reader: Reader, profile: Profile | None) -> dict[str, Any]:
    """The form of a use case, JSON-able: its words, its fields in the schema's order, and what its target can be.

    Values to start from are typical of the rows that the champion learnt from where its profile knows the column, else made
    from the schema's checks; the key is a new one.
    """
    use_case = reader.use_case
    known = (profile or {}).get("typical", {})
    found = {
        "use_case": use_case.name,
        "title": use_case.title,
        "problem": use_case.kind.name,
        "about": f"{use_case.kind.says(use_case)}.",
        "fields": [_field(reader, column, known.get(column.name, {})) for column in reader.columns],
    }
    if use_case.target:
        target = field(RequestField(use_case, use_case.columns[use_case.target]))
        found["target"] = {**target, "name": use_case.target, "positive": use_case.kind.positive(use_case)}
    return found


def _field(reader: Reader, column: RequestField, known: dict[str, Any]) -> dict[str, Any]:
    described = field(column)
    if column.described is not None:
        return _question(column, described)
    kind = described.get("type", "string")
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    given = {name: described[name] for name in bounds if name in described and abs(described[name]) < EXACT}
    given |= {"format": described["format"]} if "format" in described else {}
    return {
        "name": column.name,
        "type": kind[0] if isinstance(kind, list) else kind,
        "nullable": column.nullable,
        "optional": column.optional,
        "roles": [role for role in column.roles if role != "feature"],
        "input": next((role.input for role in reader.use_case.columns[column.name].roles if role.input), ""),
        "words": [role.reads for role in reader.use_case.columns[column.name].roles if role.reads],
        "choices": [value for value in described.get("enum", ()) if value is not None],
        "suggestions": known.get("suggestions", []),
        "few": known.get("few", []),
        "example": None if column.optional else _start(column, known.get("example"), example(reader, column)),
        **given,
    }


def _question(column: RequestField, described: dict[str, Any]) -> dict[str, Any]:
    """A field that is no column of the schema, with what is said of it; of a list, what it is of."""
    given = {name: described[name] for name in ("minimum", "maximum") if name in described}
    of = {"of": described["items"]["type"]} if "items" in described else {}
    said = {
        "nullable": True,
        "optional": False,
        "roles": list(column.roles),
        "choices": [],
        "suggestions": [],
        "note": described.get("description", ""),
    }
    return {"name": column.name, "type": described["type"], "example": described.get("default"), **said, **given, **of}


def _start(column: RequestField, usual: Any, made: Any) -> Any:
    """A value to start from: a new key, for a row that is only tried must not take the place of one that is there; else what is usual."""
    if "key" in column.roles:
        usual = uuid.uuid4().hex if isinstance(made, str) else time.time_ns() // 1_000_000 if column.dtype == pl.Int64 else None
    if usual is None or column.dtype.is_temporal():
        return usual or made
    return usual if all(holds(usual) for _, holds in column.rules) else made
