"""What is new in a source: rows beyond a cursor, or files that were not read yet, as the ledger of batches tells."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from lifecycle.errors import DefinitionError, LifecycleError
from lifecycle.reading import files
from lifecycle.source import ByColumn, File, Source
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake, literal, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

TAKEN = "NOT (came > 0 AND quarantined = came)"
"""Batches that were not refused: what they brought is there."""


RANGE = re.compile(r" \[[^\[\]]*, [^\[\]]*\)$")


class NothingNew(Exception):
    """A source gives no rows beyond what was ingested."""


@dataclass(frozen=True)
class Window:
    """The part of a source that is asked for, along its cursor."""

    column: str
    sql_type: str
    after: str | None = None
    start: str | None = None
    until: str | None = None

    def where(self, column_type: str = "") -> str:
        """The condition in SQL that any database understands; `kind` is the type of the column where DuckDB judges it."""
        cell = quoted(self.column)
        if column_type and column_type != self.sql_type:
            cell = f"TRY_CAST({cell} AS {self.sql_type})"
        bounds = ((">", self.after), (">=", self.start), ("<", self.until))
        return " AND ".join(f"{cell} {sign} {self._value(bound, bool(column_type))}" for sign, bound in bounds if bound is not None)

    def _value(self, bound: str, here: bool) -> str:
        if here:
            return f"CAST({literal(bound)} AS {self.sql_type})"
        if self.sql_type.endswith(("INT", "INTEGER")) or self.sql_type in ("DOUBLE", "FLOAT"):
            return bound
        return literal(bound)

    @property
    def text(self) -> str:
        """A range as a person reads it."""
        return f"[{self.start or '...'}, {self.until or '...'})"


@dataclass(frozen=True)
class New:
    """What is to be read of a source."""

    window: Window | None = None
    paths: frozenset[str] | None = None
    """Of a source that is read by new files: those. `None`: all there is."""
    files: str | None = None
    adds: bool = False
    since: Any = None
    """For a Python function: the bound of the window as a value."""
    until: Any = None

    @property
    def nothing(self) -> bool:
        """Whether there is nothing new, without a look at any row."""
        return self.paths is not None and not self.paths


def new(use_case: "UseCase", source: Source, name: str) -> New:
    """What of a source was not ingested yet, or lies in the range that was asked for.

    Args:
        use_case: whose ledger tells.
        source: an incremental one, or any other, of which all is read.
        name: what the ledger calls it.

    Raises:
        DefinitionError: the cursor is no column of the schema, or rows would come twice for want of a key.
    """
    by = source.incremental
    if by is None:
        return New()
    tables.prepare(lake(), use_case.name)
    if isinstance(by, ByColumn):
        return _by_column(lake(), use_case, by, name)
    if not source.named_files():
        raise use_case.wrong(f"incremental=ByFile() is for files, and {type(source).__name__} names none; say incremental=ByColumn('...')")
    return _by_file(lake(), use_case, source.named_files(), name)


def newest(cursor: duckdb.DuckDBPyConnection, use_case: str, name: str) -> int:
    """The newest batch that the ledger has of a source, whatever range of it; 0: none.

    What is new, and what is there already, is read from the ledger: once that has moved, rows that were read before are read again.

    Args:
        cursor: in the transaction that the answer has to hold for.
        use_case: whose ledger; it need not be there yet.
        name: what the ledger calls the source.
    """
    there = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ? AND table_name = 'batches'"
    if not cursor.execute(there, [use_case]).fetchall()[0][0]:
        return 0
    query = f"SELECT max(batch) FROM {use_case}.batches WHERE source = $1 OR (starts_with(source, $1 || ' [') AND ends_with(source, ')'))"
    return int(cursor.execute(query, [ranged(name)]).fetchall()[0][0] or 0)


def ranged(name: str) -> str:
    """The name of a source without the range of it that was asked for."""
    return RANGE.sub("", name)


def reached(cursor: duckdb.DuckDBPyConnection, source: Source, rows: str) -> str | None:
    """The newest value of the cursor in the staged rows, as text."""
    by = source.incremental
    if not isinstance(by, ByColumn):
        return None
    found = cursor.execute(f"SELECT max({quoted(by.column)})::VARCHAR FROM read_parquet({literal(rows)}) WHERE _bad IS NULL").fetchall()
    return found[0][0]


def _by_column(store: Lake, use_case: "UseCase", by: ByColumn, name: str) -> New:
    if by.column not in use_case.columns:
        raise use_case.wrong(
            f"the incremental column '{by.column}' has to be a column of schema {use_case.schema.__name__} (with the role 'ignored' where no model may see it)"
        )
    if (by.late is not None or by.ranged) and not use_case.columns.one("key"):
        raise DefinitionError(
            f"use case '{use_case.name}': rows that are there would come again, and without a key they cannot be merged;"
            f" give a column of schemas/{use_case.name}.py the role 'key', or read without late= and without a range"
        )
    column_type = use_case.columns[by.column].sql_type
    if by.ranged:
        bounds = [_bound(store, use_case, by.column, column_type, text) for text in (by.start, by.until)]
        window = Window(by.column, column_type, start=bounds[0], until=bounds[1])
        return New(window, since=_python(store, bounds[0], column_type), until=_python(store, bounds[1], column_type), adds=True)
    value = store.value(f"SELECT max(TRY_CAST(reached AS {column_type})) FROM {use_case.name}.batches WHERE source = ? AND {TAKEN}", [name])
    if value is None:
        return New(adds=True)
    if by.late is None:
        bound = _text(store, value, column_type)
        return New(Window(by.column, column_type, after=bound), since=value, adds=True)
    back = f"INTERVAL '{by.late.total_seconds()} seconds'" if isinstance(by.late, timedelta) else repr(by.late)
    bound = store.value(f"SELECT CAST(CAST(? AS {column_type}) - {back} AS {column_type})::VARCHAR", [str(value)])
    return New(Window(by.column, column_type, start=bound), since=_python(store, bound, column_type), adds=True)


def _bound(store: Lake, use_case: "UseCase", column: str, column_type: str, text: str) -> str | None:
    if not text:
        return None
    found = store.value(f"SELECT TRY_CAST(? AS {column_type})::VARCHAR", [text])
    if found is None:
        raise LifecycleError(
            f"use case '{use_case.name}': a range is along '{column}', which is {column_type}, found '{text}'; write it as in {_example(column_type)}"
        )
    return found


def _example(column_type: str) -> str:
    return "from=2024-01-01,until=2024-02-01" if column_type in ("TIMESTAMP", "DATE") else "from=1000,until=2000"


def _text(store: Lake, value: Any, column_type: str) -> str:
    return store.value(f"SELECT CAST(? AS {column_type})::VARCHAR", [value])


def _python(store: Lake, bound: str | None, column_type: str) -> Any:
    return None if bound is None else store.value(f"SELECT CAST(? AS {column_type})", [bound])


def _by_file(store: Lake, use_case: "UseCase", named: tuple[File, ...], name: str) -> New:
    known: dict[str, list[str]] = {}
    for (text,) in store.rows(f"SELECT files FROM {use_case.name}.batches WHERE source = ? AND files IS NOT NULL AND {TAKEN} ORDER BY batch", [name]):
        known |= json.loads(text)
    there = {path: (file, sign) for file in named for path, sign in files.signs(file).items()}
    if not there:
        files.locate(named[0])
    changed: dict[str, list[str]] = {}
    for path, (_, sign) in there.items():
        if path in known and sign and known[path][0] == sign:
            continue
        content = files.content(path)
        if path not in known or not content or known[path][1] != content:
            changed[path] = [sign, content]
    keyless = not use_case.columns.one("key")
    if keyless and any(path in known for path in changed):  # the old rows of a changed file cannot be told: read everything again
        whole = {path: changed.get(path) or [sign, known[path][1]] for path, (_, sign) in there.items()}
        return New(paths=frozenset(whole), files=json.dumps(whole))
    return New(paths=frozenset(changed), files=json.dumps(changed), adds=True)
