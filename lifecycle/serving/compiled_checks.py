"""The checks of a column as plain functions of one value, with Pandera's verdicts; what is not known here stays Pandera's."""

import datetime as dt
import operator
from collections.abc import Callable
from typing import Any

import polars as pl

from lifecycle.columns import Column

Holds = Callable[[Any], bool]
COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "greater_than_or_equal_to": ("min_value", operator.ge),
    "greater_than": ("min_value", operator.gt),
    "less_than_or_equal_to": ("max_value", operator.le),
    "less_than": ("max_value", operator.lt),
}


def name(check: Any) -> str:
    """A check as the quarantine and the 422 answer name it."""
    return str(check.error or check.name)


def rule(column: Column, check: Any) -> Holds | None:
    """A Pandera check as a function of a value that is there; `None` where only Pandera itself can tell."""
    if not check.ignore_na or check.groupby or check.n_failure_cases:
        return None
    statistics = check.statistics or {}
    if check.name in COMPARISONS:
        argument, compare = COMPARISONS[check.name]
        return _compared(compare, _bound(column, statistics.get(argument)))
    if check.name in ("isin", "notin"):
        return _listed(column, next(iter(statistics.values()), ()), inside=check.name == "isin")
    if check.name == "str_length" and column.dtype == pl.String:
        return _long(statistics.get("min_value"), statistics.get("max_value"))
    return None


def _bound(column: Column, value: Any) -> Any:
    """A bound that compares with the column's values as Polars would; `None` where that is not sure."""
    if column.dtype.is_numeric() and type(value) in (int, float):
        return value
    if column.dtype == pl.String and type(value) is str:
        return value
    if column.dtype == pl.Date and type(value) is dt.date:
        return value
    if column.dtype.base_type() == pl.Datetime and type(value) is dt.datetime and value.tzinfo is None:
        return value
    return None


def _compared(compare: Callable[[Any, Any], bool], bound: Any) -> Holds | None:
    return None if bound is None else lambda value: compare(value, bound)


def _listed(column: Column, values: Any, *, inside: bool) -> Holds | None:
    same = column.dtype == pl.String or column.dtype.is_integer()
    wanted = str if column.dtype == pl.String else int
    if not same or not all(type(value) is wanted for value in values):
        return None
    listed = frozenset(values)
    return (lambda value: value in listed) if inside else (lambda value: value not in listed)


def _long(least: int | None, most: int | None) -> Holds:
    low, high = least or 0, float("inf") if most is None else most
    return lambda value: low <= len(value) <= high
