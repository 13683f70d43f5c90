"""Rows that a schema accepts, made from its checks: they warm models up, and show in the documentation what to send."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.columns import parsed

if TYPE_CHECKING:
    from lifecycle.serving.requests import Reader, RequestField

MOMENT = dt.datetime(2026, 1, 15, 12, 30)


def examples(reader: "Reader", rows: int = 2) -> list[dict[str, Any]]:
    """Rows as a request holds them: JSON values by column."""
    return reader.examples() or [{column.name: example(reader, column, at) for column in reader.columns} for at in range(rows)]


def example(reader: "Reader", column: "RequestField", at: int = 0) -> Any:
    """A value that satisfies the common checks of a column."""
    given = next((role.example for role in reader.use_case.columns[column.name].roles if role.example is not None), None)
    if given is not None:
        return given
    checks = {check.name: check.statistics or {} for check in parsed(reader.use_case.schema).columns[column.name].checks}
    if "isin" in checks:
        allowed = list(checks["isin"]["allowed_values"])
        return _json(allowed[at % len(allowed)])
    low = checks.get("greater_than_or_equal_to", checks.get("greater_than", {})).get("min_value")
    high = checks.get("less_than_or_equal_to", checks.get("less_than", {})).get("max_value")
    low, high = checks.get("in_range", {}).get("min_value", low), checks.get("in_range", {}).get("max_value", high)
    if column.dtype.is_numeric():
        return _number(column, low, high, at)
    if column.dtype == pl.Boolean:
        return at % 2 == 0
    if column.dtype == pl.String:
        least = checks.get("str_length", {}).get("min_value") or 1
        return "text" if least <= 4 else "x" * least
    if column.dtype == pl.Binary:
        return ""
    moment = max(MOMENT, low) if isinstance(low, dt.datetime) else MOMENT
    moment = min(moment, high) if isinstance(high, dt.datetime) else moment
    return moment.date().isoformat() if column.dtype == pl.Date else (moment + dt.timedelta(minutes=at)).isoformat()


def _number(column: "RequestField", low: Any, high: Any, at: int) -> int | float:
    first = low + 1 if low is not None else 1
    if high is not None:
        first = min(first, high) if low is None or high - low >= 1 else (low + high) / 2
    value = first + at if high is None or first + at <= high else first
    return int(value) if column.dtype.is_integer() else float(value)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
