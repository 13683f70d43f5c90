"""One JSON value as a cell of its column's type, or no such cell: `lifecycle.reading.cells`, in Python, for requests and labels.

What is plainly of its type is read here, in well under a microsecond. Of any other value the text is read by the SQL of a batch: there is
one opinion on what `"1e3"`, `"Yes"` or `"2022-5-1 00:00"` is. Bytes alone are another matter: JSON has none, so that they come in Base64.
"""

import base64
import datetime as dt
import math
import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.columns import Column, Columns
from lifecycle.reading import cells, level
from lifecycle.store.lake import literal

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

Convert = Callable[[Any], Any]
WRONG = (ValueError, TypeError, OverflowError, LookupError)
"""What a converter raises where there is no such cell."""
MIDNIGHT = frozenset(("T00:00:00", " 00:00:00", "T00:00:00.000", "T00:00:00Z", "T00:00:00.000Z", "T00:00:00+00:00", "T00:00", " 00:00"))
"""How pandas, JavaScript and spreadsheets end a date."""
MAX_KNOWN, LONGEST_KNOWN = 1_000, 64
"""Texts of a column that are remembered as they are read, and the longest of them."""
TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0", "-0.0"), False),
}
_whole_number, _number = re.compile(r"-?[0-9]{1,15}").fullmatch, re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?").fullmatch
_apart = re.compile(f"[{cells.APART}]").search


def missing(use_case: "UseCase") -> tuple[str, ...]:
    """The texts that mean a missing value in every file that a definition names."""
    named = [set(file.null) for part in use_case.source.parts() for file in part.named_files()]
    return tuple(sorted({""}.union(set.intersection(*named)))) if named else ("",)


class Cells:
    """Reads the cells of one column.

    Args:
        column: its declared type.
        null: the texts that mean a missing value.
    """

    def __init__(self, column: Column, null: Sequence[str] = ("",)) -> None:
        self._column, self._null = column, frozenset(("", *null))
        self._as_cell = replace(column, name="cell")
        self.plain = _with_marks(_plain(column, self._null), self._null)
        """Reads a cell that is plainly of the type; raises one of `WRONG` for any other."""

    def odd(self, found: Sequence[Any]) -> list[tuple[bool, Any]]:
        """The cells that `plain` does not take: whether each is one of the type, and its value, `None`: it is missing."""
        texts = [_text_of(cell) for cell in found]
        clean = [None if text is None or "\0" in text else bare(text) for text in texts]
        given = [text for text in clean if text is not None and text not in self._null]
        if self._column.sql_type == "BLOB":
            given = []
        read = iter(_planned.read(self._column.sql_type, self._as_cell, given) if given else [])
        return [(False, None) if text is None else (True, None) if text in self._null else self._judged(next(read, (True, None))) for text in clean]

    @staticmethod
    def _judged(read: tuple[bool, Any]) -> tuple[bool, Any]:
        wrong, value = read
        return not wrong, None if wrong else value

    def every(self, found: Sequence[Any]) -> list[tuple[bool, Any]]:
        """The same for all cells, plain or odd."""
        read: list[tuple[bool, Any]] = []
        odd: list[int] = []
        for at, cell in enumerate(found):
            try:
                read.append((True, self.plain(cell)))
            except WRONG:
                odd.append(at)
                read.append((False, None))
        for at, answer in zip(odd, self.odd([found[at] for at in odd]), strict=True):
            read[at] = answer
        return read


def bare(text: str) -> str:
    """A text without what stands around it, its accents put together."""
    if text.isascii():
        return text if text and text[0] > " " and text[-1] > " " else text.strip(cells.ASCII_WHITE)
    text = text.strip(cells.WHITE)
    return unicodedata.normalize("NFC", text) if _apart(text) else text


def moment(cell: Any) -> dt.datetime:
    """A date, or a date and a clock after `T` or a blank, as text; a distance from UTC is taken into account."""
    if type(cell) is not str or len(cell) < 10 or cell[4] != "-" or cell[7] != "-" or not cell.isascii():
        raise ValueError(cell)
    if len(cell) > 10 and (len(cell) < 16 or cell[10] not in "T " or cell[13] != ":" or "," in cell):
        raise ValueError(cell)
    found = dt.datetime.fromisoformat(cell)
    if found.tzinfo is None:
        return found
    if (cell[-1] != "Z" and cell[-6] not in "+-") or cell < "1600":  # DuckDB counts days of before by Caesar's calendar
        raise ValueError(cell)
    return found.astimezone(dt.UTC).replace(tzinfo=None)


def _plain(column: Column, null: frozenset[str]) -> Convert:
    """The function that reads a cell that is plainly of the column's type."""
    dtype = column.dtype
    if dtype.is_integer():
        return _integers(dtype)
    if dtype.is_float():
        return _single if dtype == pl.Float32 else _float
    named: dict[Any, Convert] = {pl.Boolean: _boolean, pl.String: _texts(null), pl.Date: _date, pl.Datetime: moment, pl.Binary: _bytes}
    return named[dtype.base_type()]


def _with_marks(plain: Convert, marks: frozenset[str]) -> Convert:
    """The same where what is missing has marks: a number can be one."""
    if not any(re.fullmatch(r"[+-]?\d+(\.\d+)?", mark) for mark in marks):
        return plain

    def marked(cell: Any) -> Any:
        return None if type(cell) in (str, int, float) and str(cell) in marks else plain(cell)

    return marked


def _texts(null: frozenset[str]) -> Convert:
    """Reads texts; those of a category come again and again, and are looked up."""
    known: dict[str, str | None] = {}
    look = known.get

    def text(cell: Any) -> str | None:
        found = look(cell, known)
        if found is not known:
            return found  # pyright: ignore[reportReturnType]
        if type(cell) is not str:
            raise ValueError(cell)
        clean = cell if cell.isascii() and cell and cell[0] > " " and cell[-1] > " " else bare(cell)
        read = None if clean in null else clean
        if len(known) < MAX_KNOWN and len(cell) <= LONGEST_KNOWN:
            known[cell] = read
        return read

    return text


def _integers(dtype: Any) -> Convert:
    bits = int(str(dtype).lstrip("UInt"))
    low, high = (0, 2**bits - 1) if str(dtype).startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

    def integer(cell: Any) -> int:
        if type(cell) is not int and (
            (type(cell) is float and cell.is_integer() and abs(cell) <= cells.EXACT) or (type(cell) is str and _whole_number(cell))
        ):
            cell = int(cell)
        if type(cell) is not int or not low <= cell <= high:
            raise ValueError(cell)
        return cell

    return integer


def _float(cell: Any) -> float:
    if type(cell) is float and -cells.LARGEST < cell < cells.LARGEST:  # no NaN either
        return cell
    if type(cell) is not int and not (type(cell) is str and _number(cell)):
        raise ValueError(cell)
    number = float(cell)
    if abs(number) >= cells.LARGEST:
        raise ValueError(cell)
    return number


def _single(cell: Any) -> float:
    number = _float(cell)
    if not math.isfinite(number) or abs(number) > 3.4028235e38:
        raise ValueError(cell)
    return number


def _boolean(cell: Any) -> bool:
    if type(cell) is bool:
        return cell
    if type(cell) is str:
        return TRUTHS[cell.lower()]
    if type(cell) not in (int, float):
        raise ValueError(cell)
    return TRUTHS[repr(cell)]


def _date(cell: Any) -> dt.date:
    if type(cell) is not str or len(cell) < 10 or cell[4] != "-" or cell[7] != "-" or (len(cell) > 10 and cell[10:] not in MIDNIGHT):
        raise ValueError(cell)
    return dt.date.fromisoformat(cell[:10])


def _bytes(cell: Any) -> bytes:
    if type(cell) is not str:
        raise ValueError(cell)
    return base64.b64decode(cell, validate=True)


def _text_of(cell: Any) -> str | None:
    """A JSON value as text; `None`: it has none."""
    if type(cell) is str:
        return cell
    if type(cell) is bool:
        return "true" if cell else "false"
    return repr(cell) if type(cell) in (int, float) else None


class _Planned:
    """What SQL says of texts, by type. DuckDB takes far longer to plan a question than to answer it, so that each is planned once."""

    def __init__(self) -> None:
        self._guard, self._planned = threading.Lock(), set[str]()
        self._connection: Any = None

    def read(self, sql_type: str, column: Column, texts: Sequence[str]) -> list[tuple[bool, Any]]:
        """Whether each text is wrong for the type, and its value."""
        with self._guard:
            if sql_type not in self._planned:
                self._plan(sql_type, column)
            return self._connection.execute(f"EXECUTE read_{sql_type}([{', '.join(map(literal, texts))}]::VARCHAR[])").fetchall()

    def _plan(self, sql_type: str, column: Column) -> None:
        import duckdb

        if self._connection is None:
            self._connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": 1})
        query = level.spelled("SELECT unnest($1::VARCHAR[]) AS cell", {"cell": cells.TEXTS}, Columns((column,)))
        read = f"coalesce({cells.wrong(column, cells.TEXTS)}, false), {cells.value(column, cells.TEXTS)}"
        self._connection.execute(f"PREPARE read_{sql_type} AS SELECT {read} FROM ({query})")
        self._planned.add(sql_type)


_planned = _Planned()
