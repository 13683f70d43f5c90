"""The table `raw`: how a judged batch gets into it, and the snapshot that names the result."""

from typing import TYPE_CHECKING

import duckdb

from lifecycle import tables
from lifecycle.errors import DataError
from lifecycle.lake import Lake, lake, literal, quoted
from lifecycle.references import Batch, Snapshot

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

FAILURES = "lifecycle_failures"
REFUSED = "batch refused: too many of its rows failed"


def key_sql(use_case: "UseCase") -> str:
    """SQL for the text that identifies a row of `raw`: its key, or for a table without one its content."""
    key = use_case.columns.one("key")
    return f"CAST({quoted(key)} AS VARCHAR)" if key else "_key"


def record_sql(use_case: "UseCase") -> str:
    """SQL for a staged row as JSON text, as the quarantine keeps it."""
    cells = ", ".join(f"{literal(column)}: {quoted(column)}" for column in use_case.columns.names)
    return f"to_json({{{cells}}})::VARCHAR"


def load_rows(store: Lake, cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", batch: Batch, rules: str, bad: int, refused: bool) -> int:
    """Inside one transaction: rows, quarantine and ledger line of a batch. Returns its number.

    Rows with a key are merged: new ones inserted, changed ones updated, equal ones counted as duplicates. Rows
    without a key replace those that came from the same source before: the source is the truth about itself.
    """
    name = use_case.name
    number = int(cursor.execute(f"SELECT coalesce(max(batch), 0) + 1 FROM {name}.batches").fetchall()[0][0])
    _make(store, cursor, use_case)
    if refused:
        _refuse(cursor, use_case)
    quarantined = batch.rows if refused else bad
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW valid AS SELECT * FROM staged WHERE _row NOT IN (SELECT row FROM {FAILURES})")
    kept = _merge(cursor, use_case, number) if use_case.columns.one("key") else _replace(cursor, use_case, batch, number)
    duplicates = batch.rows - quarantined - kept
    cursor.execute(
        f"""INSERT INTO {name}.quarantine SELECT ?, abs(row), "column", "check", value, record, ?, now() FROM {FAILURES}""", [number, batch.source]
    )
    cursor.execute(
        f"INSERT INTO {name}.batches SELECT ?, ?, ?, ?, ?, ?, ?, (SELECT count(*) FROM {name}.raw), ?, now()",
        [number, batch.source, batch.content, batch.rows, kept, quarantined, duplicates, rules],
    )
    return number


def snapshot_of(store: Lake, use_case: "UseCase", number: int) -> Snapshot:
    """The reference to `raw` as it is now, with the numbers of one batch."""
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    version = store.version()
    rows, total = store.rows(f"SELECT count(*), sum(hash({names})::HUGEINT) FROM {use_case.name}.raw AT (VERSION => {version})")[0]
    came, kept, quarantined, duplicates = store.rows(
        f"SELECT came, kept, quarantined, duplicates FROM {use_case.name}.batches WHERE batch = ?", [number]
    )[0]
    if rows == 0:
        raise DataError(f"use case '{use_case.name}': no valid row is left; see: lifecycle sql \"FROM {use_case.name}.quarantine\"")
    fingerprint = f"{rows}-{total:x}"
    return Snapshot(
        use_case=use_case.name, key=f"{store.identity}/{use_case.name}/{fingerprint}", version=version, fingerprint=fingerprint, rows=rows,
        batch=number, came=came, kept=kept, quarantined=quarantined, duplicates=duplicates,
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


def _make(store: Lake, cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    """The table with the schema's columns; new columns of an edited schema are added to an old table."""
    name = use_case.name
    if not tables.exists(store, name, "raw"):
        cells = ", ".join(f"{quoted(column.name)} {column.sql_type}" for column in use_case.columns.all)
        cursor.execute(f"CREATE TABLE {name}.raw ({cells}, _key VARCHAR, _batch BIGINT)")
        return
    there = {row[0]: row[1] for row in cursor.execute(f"DESCRIBE {name}.raw").fetchall()}
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


def _refuse(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    """Put the rest of the batch into quarantine too."""
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT _row, NULL, '{REFUSED}', NULL, {record_sql(use_case)} FROM staged
        WHERE _row NOT IN (SELECT row FROM {FAILURES})""")


def _merge(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", number: int) -> int:
    """Merge by key; returns how many rows were inserted or changed."""
    key = quoted(use_case.columns.one("key") or "")
    names = [quoted(name) for name in use_case.columns.names]
    listed = ", ".join(names)
    table = f"{use_case.name}.raw"
    once = "valid"
    if repeated(cursor, key, "valid"):
        once = f"(SELECT * FROM valid QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _row) = 1)"
    before = _count(cursor, table)
    if before:
        same = f"hash({', '.join(f'r.{name}' for name in names)}) = hash({', '.join(f'v.{name}' for name in names)})"
        cursor.execute(f"""CREATE OR REPLACE TEMP TABLE fresh AS SELECT {listed} FROM {once} AS v
            WHERE NOT EXISTS (FROM {table} r WHERE r.{key} = v.{key} AND {same})""")
        cursor.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM fresh)")
        once = "fresh"
    row = cursor.execute(f"INSERT INTO {table} ({listed}, _batch) SELECT {listed}, {number} FROM {once}").fetchall()[0]
    return int(row[0])


def _replace(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", batch: Batch, number: int) -> int:
    """Replace the rows of the same source; returns how many rows it now has. Equal rows get keys of their own."""
    listed = ", ".join(quoted(name) for name in use_case.columns.names)
    kept = _count(cursor, "valid")
    if kept == 0:
        return 0
    cursor.execute(f"DELETE FROM {use_case.name}.raw WHERE _batch IN (SELECT batch FROM {use_case.name}.batches WHERE source = ?)", [batch.source])
    cursor.execute(f"""INSERT INTO {use_case.name}.raw ({listed}, _key, _batch)
        SELECT {listed}, content || '-' || row_number() OVER (PARTITION BY content ORDER BY _row), {number}
        FROM (SELECT *, left(md5(CAST(({listed}) AS VARCHAR)), 16) AS content FROM valid) ORDER BY _row""")
    return kept


def repeated(cursor: duckdb.DuckDBPyConnection, key: str, table: str) -> bool:
    """Whether a key comes more than once: cheap to ask, and mostly it does not."""
    row = cursor.execute(f"SELECT count({key}) > count(DISTINCT {key}) FROM {table}").fetchall()[0]
    return bool(row[0])


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    row = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
    return int(row[0])
