"""One JSON value as a cell of its column's type, or no such cell: the types that a batch has, without its leniency for text.

JSON says what is a number and what is a text, so `"12"` is no number here, though a CSV file has nothing else. What both
accept, both read alike: `3.0` is the integer 3, a moment with an offset is kept in UTC.
"""

import base64
import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import polars as pl

from lifecycle.columns import Column

Convert = Callable[[Any], Any]
WRONG = (ValueError, TypeError, OverflowError)
"""What a converter raises where there is no such cell."""


def converter(column: Column) -> Convert:
    """The function that reads a cell of a column; it raises one of `WRONG` for what is none."""
    dtype = column.dtype
    if dtype.is_integer():
        return _integers(dtype)
    if dtype.is_float():
        return _single if dtype == pl.Float32 else _float
    named: dict[Any, Convert] = {pl.Boolean: _boolean, pl.String: _text, pl.Date: _date, pl.Datetime: moment, pl.Binary: _bytes}
    return named[dtype.base_type()]


def _integers(dtype: Any) -> Convert:
    bits = int(str(dtype).lstrip("UInt"))
    low, high = (0, 2**bits - 1) if str(dtype).startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

    def integer(cell: Any) -> int:
        if type(cell) is float and cell.is_integer():
            cell = int(cell)
        if type(cell) is not int or not low <= cell <= high:
            raise ValueError(cell)
        return cell

    return integer


def _float(cell: Any) -> float:
    if type(cell) is float:
        return cell
    if type(cell) is not int:
        raise ValueError(cell)
    return float(cell)


def _single(cell: Any) -> float:
    number = _float(cell)
    if not math.isfinite(number) or abs(number) > 3.4028235e38:
        raise ValueError(cell)
    return number


def _boolean(cell: Any) -> bool:
    if type(cell) is not bool:
        raise ValueError(cell)
    return cell


def _text(cell: Any) -> str:
    if type(cell) is not str:
        raise ValueError(cell)
    return cell


def _date(cell: Any) -> dt.date:
    if type(cell) is not str or len(cell) != 10:
        raise ValueError(cell)
    return dt.date.fromisoformat(cell)


def moment(cell: Any) -> dt.datetime:
    """A date, or a date and a time after `T` or a space, as text; an offset is taken into account."""
    if type(cell) is not str or len(cell) < 10 or cell[4] != "-" or cell[7] != "-":
        raise ValueError(cell)
    moment = dt.datetime.fromisoformat(cell)
    return moment if moment.tzinfo is None else moment.astimezone(dt.UTC).replace(tzinfo=None)


def _bytes(cell: Any) -> bytes:
    if type(cell) is not str:
        raise ValueError(cell)
    return base64.b64decode(cell, validate=True)
