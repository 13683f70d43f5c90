"""Cells as every source gives them: the same table has the same rows, whatever it came out of."""

import re
from collections.abc import Iterable, Sequence

import duckdb

from lifecycle.columns import Columns
from lifecycle.store.lake import literal, quoted

OFFSET = r"[zZ]$|[+-]\d\d(:?\d\d)?$"
"""The end of a moment as text with its distance from UTC, which DuckDB would drop on the way to a TIMESTAMP."""


def leveled(cursor: duckdb.DuckDBPyConnection, query: str, null: Sequence[str] = ("",), add: str = "") -> str:
    """A query whose texts are trimmed and missing where they say so, whose moments are in UTC, whose decimals are exact."""
    described = cursor.execute(f"DESCRIBE ({query})").fetchall()
    return f"SELECT {', '.join(_level(name, sql_type, null) for name, sql_type, *_ in described)}{add} FROM ({query})"


def text(name: str, null: Sequence[str] = ("",), value: str = "") -> str:
    """A cell of text, trimmed; `NULL` for the texts that mean a missing value. Trimming is dear, and most texts need none."""
    missing = ", ".join(literal(each) for each in dict.fromkeys(("", *null)))
    value = value or quoted(name)
    trimmed = f"CASE WHEN trim({value}) IN ({missing}) THEN NULL ELSE trim({value}) END"
    spaced = f"starts_with({value}, ' ') OR ends_with({value}, ' ') OR strlen({value}) <> length({value})"  # or a space beyond ASCII
    return f"CASE WHEN {value} IN ({missing}) THEN NULL WHEN {spaced} THEN {trimmed} ELSE {value} END AS {quoted(name)}"


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


def spelled(query: str, there: dict[str, str], columns: Columns) -> str:
    """Texts as SQL can cast them: moments with an offset as UTC, `1.0` for a boolean as true."""
    changes = []
    for column in columns.all:
        name = quoted(column.name)
        if there.get(column.name) != "VARCHAR":
            continue
        if column.sql_type == "TIMESTAMP":
            moment = f"(TRY_CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')::VARCHAR"
            changes.append(
                f"CASE WHEN contains({name}, ':') AND regexp_matches(right({name}, 6), {literal(OFFSET)}) THEN coalesce({moment}, {name}) ELSE {name} END AS {name}"
            )
        elif column.sql_type == "BOOLEAN":
            changes.append(f"CASE {name} WHEN '1.0' THEN 'true' WHEN '0.0' THEN 'false' ELSE {name} END AS {name}")
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
        return f"{column}::VARCHAR AS {column}"
    return column
