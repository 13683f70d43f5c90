"""The table `raw`: its columns, what identifies a row, and the snapshot that names what it holds."""

import hashlib
import json
from typing import TYPE_CHECKING

import duckdb

from lifecycle.errors import DataError
from lifecycle.references import Snapshot
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake, literal, quoted
from lifecycle.table import freshness

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def key_sql(use_case: "UseCase") -> str:
    """SQL for the text that identifies a row of `raw`: its key, or for a table without one its content."""
    key = use_case.columns.one("key")
    return f"CAST({quoted(key)} AS VARCHAR)" if key else "_key"


def record_sql(use_case: "UseCase") -> str:
    """SQL for a staged row as JSON text, as the quarantine keeps it."""
    cells = ", ".join(f"{literal(column)}: {quoted(column)}" for column in use_case.columns.names)
    return f"to_json({{{cells}}})::VARCHAR"


def snapshot_of(store: Lake, use_case: "UseCase", number: int) -> Snapshot:
    """The reference to `raw` as it is now, with the numbers of one batch."""
    version = store.version()
    rows, total = store.rows(f"SELECT count(*), sum(_content::HUGEINT) FROM {use_case.name}.raw AT (VERSION => {version})")[0]
    *counts, newest, report = store.rows(
        f"SELECT came, kept, quarantined, duplicates, newest, report FROM {use_case.name}.batches WHERE batch = ?", [number]
    )[0]
    came, kept, quarantined, duplicates = counts
    said = json.loads(report or "{}")
    if rows == 0:
        raise DataError(f"use case '{use_case.name}': no valid row is left; see: lifecycle quarantine {use_case.name}")
    fingerprint = f"{rows}-{total:x}"
    return Snapshot(
        use_case=use_case.name, key=f"{store.identity}/{use_case.name}/{fingerprint}", version=version, fingerprint=fingerprint, rows=rows,
        batch=number, came=came, kept=kept, quarantined=quarantined, duplicates=duplicates,
        alarms=tuple(dict.fromkeys([*said.get("alarms", ()), *freshness.too_old(use_case, newest)])), notes=tuple(said.get("notes", ())),
    )  # fmt: skip


def current(use_case: "UseCase") -> Snapshot:
    """The snapshot of what has been ingested so far.

    Raises:
        DataError: nothing has been.
    """
    store = lake()
    tables.prepare(store, use_case.name)
    newest = store.value(f"SELECT max(batch) FROM {use_case.name}.batches WHERE kept > 0 OR duplicates > 0")
    if newest is None:
        raise DataError(f"use case '{use_case.name}': no rows have been ingested yet; run: lifecycle ingest {use_case.name}")
    return snapshot_of(store, use_case, newest)


def make(store: Lake, cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    """The table with the schema's columns; new columns of an edited schema are added to an old table."""
    name = use_case.name
    if not tables.exists(store, name, "raw"):
        cells = ", ".join(f"{quoted(column.name)} {column.sql_type}" for column in use_case.columns.all)
        cursor.execute(f"CREATE TABLE {name}.raw ({cells}, _key VARCHAR, _batch BIGINT, _content UBIGINT, _extra VARCHAR)")
        return
    newest = cursor.execute(f"SELECT hashed FROM {name}.batches ORDER BY batch DESC LIMIT 1").fetchall()
    if newest and newest[0][0] == stamp(use_case):
        return
    _alter(cursor, use_case)
    cursor.execute(f"UPDATE {name}.raw SET _content = hash({content(use_case)})")


def stamp(use_case: "UseCase") -> str:
    """What `_content` of every row in `raw` is a hash of, and by whom: where it changes, all are hashed anew."""
    hashed = [(column.name, column.sql_type) for column in use_case.columns.all if not column.given]
    return hashlib.sha256(repr([hashed, duckdb.__version__]).encode()).hexdigest()[:16]


def _alter(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    name = use_case.name
    there = {row[0]: row[1] for row in cursor.execute(f"DESCRIBE {name}.raw").fetchall()}
    for column, sql_type in (("_content", "UBIGINT"), ("_extra", "VARCHAR")):
        if column not in there:
            cursor.execute(f"ALTER TABLE {name}.raw ADD COLUMN {column} {sql_type}")
    for column in use_case.columns.all:
        if column.name not in there:
            cursor.execute(f"ALTER TABLE {name}.raw ADD COLUMN {quoted(column.name)} {column.sql_type}")
        elif there[column.name] != column.sql_type:
            try:
                cursor.execute(f"ALTER TABLE {name}.raw ALTER COLUMN {quoted(column.name)} SET DATA TYPE {column.sql_type}")
            except duckdb.Error:
                raise DataError(
                    f"use case '{name}': column '{column.name}' is {there[column.name]} in the lake and {column.sql_type} in schemas/{name}.py,"
                    " and the rows that are there cannot take the new type; give the column another name"
                ) from None


def names(use_case: "UseCase") -> str:
    """The columns of the schema as SQL lists them."""
    return ", ".join(quoted(name) for name in use_case.columns.names)


def content(use_case: "UseCase") -> str:
    """Those of them that make up a row as its source has it."""
    return ", ".join(quoted(name) for name in use_case.columns.content)
