"""The rows of a source, or a sample of them, in a small database of their own: what a draft looks at."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from lifecycle.draft.cells.convention import USUAL
from lifecycle.draft.names import free
from lifecycle.errors import DataError
from lifecycle.reading import credentials, csv, files, rejects, relations
from lifecycle.reading.reader import Reader
from lifecycle.settings import settings
from lifecycle.source import Source
from lifecycle.sources import Query
from lifecycle.sources.spelling import SQL, placed
from lifecycle.store.lake import literal, quoted

MAX_ROWS_READ = 1_000_000
"""Rows of a source up to which all of them are looked at;"""
TAKEN = 250_000
"""of a larger one a sample of so many."""
SEED = 2026


@dataclass(frozen=True)
class Sample:
    """A source's rows as the table `came` of a connection.

    Attributes:
        connection: a database in memory; `came` has the rows, as the source gives them (text, where it has no types).
        source: how to read the source again, the names of a file without a header line spelled out.
        columns: the names in the source's order, each with DuckDB's type.
        total: rows in the source.
        rows: rows in the table.
        unreadable: lines that no row could be made of.
        headerless: whether the names are DuckDB's, because the file has none.
        usual_decimal: the sign before a fraction that goes with the source's form; empty where none does.
        flat: SQL over the table `rows` that takes lists and structs apart; empty where there are none.
        distinct: of a source of which only a sample is here: about how many values each column has in all of it.
    """

    connection: duckdb.DuckDBPyConnection
    source: Source
    columns: dict[str, str]
    total: int
    rows: int
    unreadable: int = 0
    headerless: bool = False
    usual_decimal: str = ""
    flat: str = ""
    distinct: dict[str, int] = field(default_factory=dict)


def take(given: str) -> Sample:
    """The rows of a file, glob, address or query.

    Raises:
        LifecycleError: it is not there, cannot be read, or has no rows.
    """
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    connection.execute(f"SET temp_directory = {literal(str(settings().home / 'staging'))}")
    source = _source(given)
    with relations.opened(connection) as reader:
        return _taken(connection, reader, given, source)


def _taken(connection: duckdb.DuckDBPyConnection, reader: Reader, given: str, source: Source) -> Sample:
    try:
        query = relations.relation(connection, source, reader)
        total = int(connection.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0])
        flat = flatten({name: sql_type for name, sql_type, *_ in connection.execute(f"DESCRIBE ({query})").fetchall()})
        query = f"WITH rows AS ({query}) {flat}" if flat else query
        distinct = _distinct(connection, query) if total > MAX_ROWS_READ else {}
        connection.execute(f"CREATE OR REPLACE TABLE came AS {_drawn(query) if total > MAX_ROWS_READ else query}")
        if rejects.keep(reader):  # once more, without a quote that had swallowed the lines after it
            return _taken(connection, reader, given, source)
        unreadable = int(connection.execute(f"SELECT count(*) FROM {rejects.REJECTS}").fetchall()[0][0])
        rows = int(connection.execute("SELECT count(*) FROM came").fetchall()[0][0])
        total = rows if total <= MAX_ROWS_READ else total - unreadable  # a count looks at no cell, and takes every line for a row
    except duckdb.Error as error:
        said = credentials.hidden(" ".join(str(error).partition("LINE 1:")[0].split()))
        raise DataError(f"the source {given} cannot be read: {said}; fix the source") from None
    if not total:
        raise DataError(f"the source {given} has no rows; give one that has")
    columns = {name: sql_type for name, sql_type, *_ in connection.execute("DESCRIBE came").fetchall()}
    names = csv.unnamed(reader)
    headerless = bool(names)
    if headerless:
        source = source.with_files(lambda file: replace(file, header=names))
    return Sample(
        connection,
        source,
        columns,
        total,
        rows,
        unreadable,
        headerless,
        _usual_decimal(reader, source),
        flat,
        distinct,
    )


def _usual_decimal(reader: Reader, source: Source) -> str:
    """In CSV what goes with its delimiter; JSON and Excel know numbers, and write them with a point."""
    if delimiter := csv.delimiter(reader):
        return USUAL.get(delimiter, "")
    return "." if source.says_missing else ""


def _drawn(query: str) -> str:
    """SQL for a sample of a query's rows, in their order: whether rows follow each other is seen by it."""
    numbered = f"SELECT *, row_number() OVER () AS lifecycle_row FROM ({query})"
    drawn = f"FROM ({numbered}) USING SAMPLE reservoir({TAKEN} ROWS) REPEATABLE ({SEED})"
    return f"SELECT * EXCLUDE (lifecycle_row) FROM ({drawn}) ORDER BY lifecycle_row"


def _distinct(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    names = [name for name, *_ in connection.execute(f"DESCRIBE ({query})").fetchall()]
    counted = ", ".join(f"approx_count_distinct({quoted(name)})" for name in names)
    return dict(zip(names, connection.execute(f"SELECT {counted} FROM ({query})").fetchall()[0], strict=True))


def flatten(columns: dict[str, str]) -> str:
    """SQL that has a column for each field of a struct, and the length of each list; empty where there is neither."""
    nested = [name for name, sql_type in columns.items() if sql_type.startswith("STRUCT(") or sql_type.endswith("[]")]
    taken = {*columns}
    parts = []
    for name in nested:
        for words, sql in _fields(quoted(name), columns[name], [name]):
            plain = free("_".join(words), taken)
            taken.add(plain)
            parts.append(f"{sql} AS {quoted(plain)}")
    if not nested:
        return ""
    return "\n    ".join([f"SELECT * EXCLUDE ({', '.join(map(quoted, nested))})" + "," * bool(parts), ",\n    ".join(parts)]) + "\nFROM rows"


def _fields(sql: str, sql_type: str, words: list[str]) -> Iterator[tuple[list[str], str]]:
    """The single values in a nested one: the words of a name for each, and SQL."""
    if sql_type.endswith("[]"):
        yield [*words, "count"], f"len({sql})"
    elif sql_type.startswith("STRUCT("):
        for name, of in duckdb.sqltype(sql_type).children:
            yield from _fields(f"{sql}.{quoted(name)}", str(of), [*words, name])
    else:
        yield words, sql


def first_values(sample: Sample, most: int = 3) -> dict[str, str]:
    """The first few values of each column, for who has to tell columns without names apart."""
    rows = sample.connection.execute(f"FROM came LIMIT {most}").fetchall()
    return {name: ", ".join(str(row[place]) for row in rows) for place, name in enumerate(sample.columns)}


def _source(given: str) -> Source:
    """What was typed, as `--source` takes it; a path is made one that is right whoever reads it."""
    text = credentials.without_secrets(given.strip())
    if SQL.match(text):
        return Query(text)
    return placed(text).with_files(lambda file: replace(file, path=_lasting(file.path)))


def _lasting(path: str) -> str:
    """A path that is right whoever reads it, from whatever folder: below that of LIFECYCLE_DATA, below this checkout, else absolute.

    One that was typed as absolute stays as it is.
    """
    if files.is_remote(path) or Path(path).is_absolute():
        return path
    found = Path(os.path.normpath(Path(path).expanduser().absolute()))
    for folder in (settings().data, files.CHECKOUT):
        if folder and found.is_relative_to(folder):
            return str(found.relative_to(folder))
    return str(found)
