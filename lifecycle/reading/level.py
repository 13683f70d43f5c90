"""Cells as every source gives them: the same table has the same rows, whatever it came out of."""

import re
from collections.abc import Iterable, Sequence

import duckdb

from lifecycle.columns import Columns
from lifecycle.reading import cells
from lifecycle.store.lake import quoted


def leveled(cursor: duckdb.DuckDBPyConnection, query: str, null: Sequence[str] = ("",), add: str = "") -> str:
    """A query whose texts are trimmed and missing where they say so, whose moments are in UTC, whose decimals are exact."""
    described = cursor.execute(f"DESCRIBE ({query})").fetchall()
    return f"SELECT {', '.join(_level(name, sql_type, null) for name, sql_type, *_ in described)}{add} FROM ({query})"


def text(name: str, null: Sequence[str] = ("",), value: str = "") -> str:
    """SQL for a column of text as `lifecycle.reading.cells` reads one, under its name; `value`: what it is made of, where not of itself."""
    return f"{cells.text(value or quoted(name), null)} AS {quoted(name)}"


def unique(names: Iterable[str]) -> list[str]:
    """Names without spaces around them; one that comes again, in whatever case, gets a number."""
    found: dict[str, str] = {}
    for place, given in enumerate(names):
        name, number = given.strip() or f"column{place}", 0
        while name.lower() in found:
            number += 1
            name = f"{given.strip() or f'column{place}'}_{number}"
        found[name.lower()] = name
    return list(found.values())


def numbered(width: int) -> list[str]:
    """DuckDB's names for columns that have none: `column0`, of ten and more `column00`."""
    digits = len(str(width - 1))
    return [f"column{place:0{digits}d}" for place in range(width)]


def spelled(query: str, there: dict[str, str], columns: Columns, derived: bool = False) -> str:
    """Texts as SQL can cast them.

    Args:
        query: the rows of a source.
        there: its columns, with their types.
        columns: what is declared.
        derived: whether SQL over the rows has made new texts, which may have white space around them.
    """
    texts = [column for column in columns.all if there.get(column.name) == cells.TEXTS]
    if made := [column for column in texts if derived and column.sql_type == cells.TEXTS]:  # a cast takes white space for none by itself
        query = f"SELECT * REPLACE ({', '.join(text(column.name) for column in made)}) FROM ({query})"
    changes = [f"{changed} AS {quoted(column.name)}" for column in texts if (changed := cells.spelled(column))]
    return f"SELECT * REPLACE ({', '.join(changes)}) FROM ({query})" if changes else query


def _level(name: str, sql_type: str, null: Sequence[str]) -> str:
    column = quoted(name)
    decimal = re.match(r"DECIMAL\((\d+)", sql_type)
    if sql_type in ("VARCHAR", "UUID", "JSON", "BIT", "INTERVAL") or sql_type.startswith("ENUM"):
        return text(name, null, column if sql_type == "VARCHAR" else f"{column}::VARCHAR")
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        return f"({column} AT TIME ZONE 'UTC') AS {column}"
    if sql_type == "FLOAT":  # as a person reads it: 0.1, which as a double is not what a float calls 0.1
        return f"{column}::VARCHAR::DOUBLE AS {column}"
    if decimal and int(decimal[1]) > 15:
        return text(name, null, f"{column}::VARCHAR")
    if (marks := _numbers(null)) and cells.is_number(sql_type):
        return f"CASE WHEN {column} IN ({', '.join(marks)}) THEN NULL ELSE {column} END AS {column}"
    return column


def _numbers(null: Sequence[str]) -> list[str]:
    """The marks of what is missing that are numbers, as SQL."""
    return [f"{each}::DOUBLE" for each in null if re.fullmatch(r"[+-]?\d+(\.\d+)?", each)]
