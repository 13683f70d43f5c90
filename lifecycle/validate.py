"""Validate: judge a staged batch against the schema; keep the valid rows, quarantine the others with their reason."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from lifecycle import tables
from lifecycle.collect import collect
from lifecycle.columns import parsed
from lifecycle.errors import DataError
from lifecycle.lake import Lake, lake, literal, quoted
from lifecycle.raw import FAILURES, load_rows, record_sql, repeated, snapshot_of
from lifecycle.references import Batch, Snapshot

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

CHUNK = 500_000  # rows that Pandera sees at a time


def validate(use_case: "UseCase", batch: Batch) -> Snapshot:
    """Write the valid rows of a batch to `raw`, the others to `quarantine`, and its line to the ledger, in one transaction.

    A batch that the ledger has as the newest of its source changes nothing.

    Raises:
        DataError: more than `use_case.bad_rows` of the batch is bad. Then `raw` stays as it was, the whole batch is
            in quarantine, and the message lists every failing check.
    """
    store = lake()
    tables.prepare(store, use_case.name)
    with store.lock(f"ingest {use_case.name}"):
        number = _loaded_before(store, use_case, batch)
        if number is None:
            number = _load(store, use_case, batch if Path(batch.folder).exists() else collect(use_case, batch.given))
        shutil.rmtree(batch.folder, ignore_errors=True)
        _stop_if_refused(store, use_case, number)
        return snapshot_of(store, use_case, number)


def others(use_case: "UseCase", batch: Batch) -> str:
    """The newest batch beside this one: what `raw` holds depends on it too."""
    store = lake()
    tables.prepare(store, use_case.name)
    newest = store.value(f"SELECT max(batch) FROM {use_case.name}.batches WHERE NOT (source = ? AND content = ?)", [batch.source, batch.content])
    return str(newest or 0)


def rules(use_case: "UseCase") -> str:
    """What a batch is judged by, as text: types, checks and the limit. The same batch under other rules is judged again."""
    checks = [
        (name, str(column.dtype), column.nullable, [str(check) for check in column.checks])
        for name, column in parsed(use_case.schema).columns.items()
    ]
    return json.dumps([checks, use_case.bad_rows, use_case.columns.one("key")])


def _loaded_before(store: Lake, use_case: "UseCase", batch: Batch) -> int | None:
    """The number of this batch, if nothing has been loaded from its source since."""
    found = store.rows(
        f"SELECT batch, content, rules FROM {use_case.name}.batches WHERE source = ? ORDER BY batch DESC LIMIT 1",
        [batch.source],
    )
    return found[0][0] if found and found[0][1:] == (batch.content, rules(use_case)) else None


def _load(store: Lake, use_case: "UseCase", batch: Batch) -> int:
    cursor = store.cursor()
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW staged AS FROM read_parquet({literal(batch.folder + '/rows.parquet')})")
    cursor.execute(f'CREATE OR REPLACE TEMP TABLE {FAILURES} (row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR)')
    _judge_cells(cursor, batch)
    _judge_rows(cursor, use_case)
    _judge_keys(cursor, use_case)
    bad = int(store.value(f"SELECT count(DISTINCT row) FROM {FAILURES} WHERE row > 0") or 0)
    rejected = int(store.value(f"SELECT count(*) FROM {FAILURES} WHERE row < 0") or 0)
    refused = bad + rejected > use_case.bad_rows * batch.rows
    return store.write(lambda transaction: load_rows(store, transaction, use_case, batch, rules(use_case), bad + rejected, refused))


def _judge_cells(cursor: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Lines that could not be read (their number kept as a negative row) and cells that lack their declared type."""
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT -row, "column", 'readable line: ' || "check", value, record
        FROM read_parquet({literal(batch.folder + "/rejects.parquet")})""")
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT _row, cell."column", 'type ' || cell.type, cell.value, _record
        FROM (SELECT _row, _record, unnest(_bad) AS cell FROM staged WHERE _bad IS NOT NULL)""")


def _judge_rows(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    """Pandera's checks, on eager frames: on lazy ones it would look at types only."""
    last = cursor.execute("SELECT coalesce(max(_row), 0) FROM staged").fetchall()[0]
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    for start in range(0, int(last[0]), CHUNK):
        frame = cursor.sql(f"SELECT _row, {names} FROM staged WHERE _row > {start} AND _row <= {start + CHUNK} AND _bad IS NULL ORDER BY _row").pl()
        failures = failing(use_case, frame)
        if failures is None:
            continue
        cursor.register("failures", failures)
        cursor.execute(f"""INSERT INTO {FAILURES} SELECT f.row, f."column", f."check", f.value, NULL FROM failures f""")
        cursor.unregister("failures")
    cursor.execute(f"""UPDATE {FAILURES} SET record = s.record
        FROM (SELECT _row, {record_sql(use_case)} AS record FROM staged WHERE _row IN (SELECT row FROM {FAILURES} WHERE record IS NULL)) s
        WHERE {FAILURES}.row = s._row AND {FAILURES}.record IS NULL""")


def failing(use_case: "UseCase", frame: pl.DataFrame) -> pl.DataFrame | None:
    """Every failing cell of a frame that has its row numbers in `_row`; `None` where all rows are valid."""
    from pandera.errors import SchemaErrors

    try:
        parsed(use_case.schema).validate(frame.drop("_row"), lazy=True)
    except SchemaErrors as error:
        cases: Any = error.failure_cases
    else:
        return None
    whole = cases.filter(pl.col("index").is_null())
    if not whole.is_empty():
        raise DataError(
            f"use case '{use_case.name}': the check '{whole['check'][0]}' of column '{whole['column'][0]}' is not of single rows; mend the schema"
        )
    return cases.select(
        row=frame["_row"].gather(cases["index"].cast(pl.Int64)),
        column=pl.col("column").cast(pl.String),
        check=pl.col("check").cast(pl.String),
        value=pl.col("failure_case").cast(pl.String),
    )


def _judge_keys(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    """Rows of one batch that share a key but differ: the first stays, the others are quarantined."""
    key = use_case.columns.one("key")
    if not key or not repeated(cursor, quoted(key), "staged"):
        return
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    valid = f"(SELECT * FROM staged WHERE _row NOT IN (SELECT row FROM {FAILURES}))"
    twice = f"(SELECT {quoted(key)} FROM {valid} GROUP BY 1 HAVING count(*) > 1)"
    cursor.execute(f"""INSERT INTO {FAILURES}
        SELECT _row, {literal(key)}, 'unique key (differs from row ' || first_row || ')', {quoted(key)}::VARCHAR, {record_sql(use_case)} FROM (
            SELECT *, first_value(_row) OVER w AS first_row, hash({names}) <> first_value(hash({names})) OVER w AS differs
            FROM {valid} WHERE {quoted(key)} IN {twice} WINDOW w AS (PARTITION BY {quoted(key)} ORDER BY _row)) AS came
        WHERE differs""")


def _stop_if_refused(store: Lake, use_case: "UseCase", number: int) -> None:
    came, quarantined, kept = store.rows(f"SELECT came, quarantined, kept FROM {use_case.name}.batches WHERE batch = ?", [number])[0]
    if quarantined < came or kept or quarantined == 0:
        return
    checks = store.rows(
        f"""SELECT "column", "check", count(*), any_value(value) FROM {use_case.name}.quarantine
        WHERE batch = ? AND "check" NOT LIKE 'batch refused%' GROUP BY ALL ORDER BY 3 DESC""",
        [number],
    )
    listed = "; ".join(f"{column or 'line'}: {check} failed {count:,} times, e.g. {value!r}" for column, check, count, value in checks)
    failed = store.value(
        f"""SELECT count(DISTINCT row) FROM {use_case.name}.quarantine WHERE batch = ? AND "check" NOT LIKE 'batch refused%'""", [number]
    )
    raise DataError(
        f"use case '{use_case.name}': {failed:,} of {came:,} rows failed, the limit is {use_case.bad_rows:.0%}, so the batch was refused: {listed}. "
        f'Mend the source or schemas/{use_case.name}.py; see: lifecycle sql "FROM {use_case.name}.quarantine WHERE batch = {number}"'
    )
