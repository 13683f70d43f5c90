"""Request and answer models for `/docs`, generated from a use case's schema: real fields, ranges and examples."""

from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.serving.examples import examples
from lifecycle.serving.requests import Reader, RequestField

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

KINDS: dict[Any, dict[str, Any]] = {
    pl.Boolean: {"type": "boolean"}, pl.String: {"type": "string"}, pl.Date: {"type": "string", "format": "date"},
    pl.Datetime: {"type": "string", "format": "date-time"}, pl.Binary: {"type": "string", "contentEncoding": "base64"},
}  # fmt: skip
EXACT = 2**53 - 1
"""The largest whole number that every reader of JSON takes exactly."""
BARE = r"^[^\s\u0085\u200b]([\s\S]*[^\s\u0085\u200b])?$"
"""A text with no white space around it, which would be none of it."""
BOUNDS = {
    "greater_than_or_equal_to": ("min_value", "minimum"),
    "greater_than": ("min_value", "exclusiveMinimum"),
    "less_than_or_equal_to": ("max_value", "maximum"),
    "less_than": ("max_value", "exclusiveMaximum"),
}


def operation(use_case: "UseCase", reader: Reader) -> dict[str, Any]:
    """What OpenAPI says of a use case's predict request and answers."""
    ok = {"description": "A prediction for each row, in their order", "content": _json(_answer(use_case))}
    bad = {"description": "Rows that the schema refuses: row, column, rule", "content": _json(_refusal())}
    none = {"description": "There is no champion yet, or it cannot be loaded", "content": _json(_error())}
    large = {"description": "Too many rows, or too large a body", "content": _json(_error())}
    content = {"application/json": {"schema": request_schema(reader), "example": {"rows": examples(reader, 1)}}}
    files = {
        column.name: {"type": "string", "contentMediaType": "application/octet-stream"} for column in reader.columns if column.dtype == pl.Binary
    }
    if files:
        content["multipart/form-data"] = {
            "schema": {"type": "object", "properties": files, "description": "One row: its files, and its other cells as text"}
        }
    request = {"required": True, "content": content}
    return {"requestBody": request, "responses": {"200": ok, "413": large, "422": bad, "503": none}}


def request_schema(reader: Reader) -> dict[str, Any]:
    """The body of a request that brings rows."""
    row = {
        "title": reader.use_case.schema.__name__,
        "description": (reader.use_case.schema.__doc__ or "").strip(),
        "type": "object",
        "properties": {column.name: field(column) for column in reader.columns},
        "required": [column.name for column in reader.columns if not column.optional],
        "additionalProperties": True,
    }
    return {"type": "object", "properties": {"rows": {"type": "array", "items": row, "minItems": 1}}, "required": ["rows"]}


def field(column: RequestField) -> dict[str, Any]:
    """A column as JSON Schema: its type, bounds, values and role."""
    if column.described is not None:
        return dict(column.described)
    field = dict(_kind(column))
    for check in column.checks:
        statistics = check.statistics or {}
        if check.name in BOUNDS and column.dtype.is_numeric():
            argument, word = BOUNDS[check.name]
            field[word] = statistics[argument]
        elif check.name == "isin":
            field["enum"] = list(statistics["allowed_values"])
        elif check.name == "str_length":
            bounds = {"minLength": statistics.get("min_value"), "maxLength": statistics.get("max_value")}
            field.update({word: value for word, value in bounds.items() if value is not None})
    if field.keys() <= {"type", "minLength", "maxLength"} and field["type"] == "string" and (len(field) > 1 or not column.nullable):
        field["pattern"] = BARE
    if column.nullable:
        field["type"] = [field["type"], "null"]
        if "enum" in field:
            field["enum"] = [*field["enum"], None]
    roles = [role for role in column.roles if role != "feature"]
    return field | ({"description": f"Role: {', '.join(roles)}."} if roles else {})


def _kind(column: RequestField) -> dict[str, Any]:
    if column.dtype.is_integer():
        low, high = pl.select(low=column.dtype.min(), high=column.dtype.max()).row(0)
        return {"type": "integer", "minimum": max(low, -EXACT), "maximum": min(high, EXACT)}
    if column.dtype.is_float():
        return {"type": "number"}
    return KINDS[column.dtype.base_type()]


def _answer(use_case: "UseCase") -> dict[str, Any]:
    fields = use_case.kind.answer_schema
    said = {"id": {"type": "string"}, **{each.name: each.schema(use_case) for each in fields}}
    one = {"type": "object", "properties": said, "required": ["id", *(each.name for each in fields if not each.optional)]}
    whole = {"model_version": {"type": "string"}, "predictions": {"type": "array", "items": one}}
    return {"type": "object", "properties": whole, "required": list(whole)}


def _error() -> dict[str, Any]:
    return {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}


def _refusal() -> dict[str, Any]:
    failure = {"row": {"type": "integer"}, "column": {"type": ["string", "null"]}, "rule": {"type": "string"}, "value": {}}
    detail = {"type": "array", "items": {"type": "object", "properties": failure, "required": list(failure)}}
    return {"type": "object", "properties": {"error": {"type": "string"}, "detail": detail}, "required": ["error"]}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
