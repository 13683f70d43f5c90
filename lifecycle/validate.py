"""Validate: judge a staged batch against the schema; keep the valid rows, quarantine the others with their reason."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from lifecycle.collect import collect, staged
from lifecycle.columns import parsed
from lifecycle.errors import DataError, Outage
from lifecycle.reading import increments
from lifecycle.references import Batch, Snapshot
from lifecycle.rows.load import FAILURES, Judged, Moved, load_rows, repeated
from lifecycle.rows.quarantine import UNREADABLE
from lifecycle.rows.raw import current, record_sql, snapshot_of
from lifecycle.rows.refusal import stop_if_refused, whole
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake, literal, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

CHUNK = 500_000  # rows that Pandera sees at a time
READINGS = 5
"""So often a source is read for one load. Who loads holds the use case's lock, so that a second reading is enough unless PostgreSQL lost it."""


def validate(use_case: "UseCase", batch: Batch) -> Snapshot:
    """Write the valid rows of a batch to `raw`, the others to `quarantine`, and its line to the ledger, in one transaction.

    A batch that the ledger has as the newest of its source changes nothing. Where another load of the same source has come in
    between, the source is read again first: no row comes twice, and no newer row is replaced by an older one.

    Raises:
        DataError: the batch is refused: more than `use_case.bad_rows` of it is bad, or the definition refuses what is unusual
            about it (`surprises`, `arrivals`). Then `raw` stays as it was, and the whole batch is in quarantine.
    """
    store = lake()
    tables.prepare(store, use_case.name)
    if batch.rows == 0:
        return _unchanged(use_case, batch)
    with store.lock(f"ingest {use_case.name}"):
        for _ in range(READINGS):
            number = _loaded_before(store, use_case, batch)
            try:
                number = _load(store, use_case, batch) if number is None else number
            except Moved:
                shutil.rmtree(batch.folder, ignore_errors=True)
                batch = collect(use_case, batch.given)
                if batch.rows == 0:
                    return _unchanged(use_case, batch)
                continue
            shutil.rmtree(batch.folder, ignore_errors=True)
            stop_if_refused(store, use_case, number)
            return snapshot_of(store, use_case, number)
    raise Outage(f"use case '{use_case.name}': {batch.source} was loaded by others each of the {READINGS} times that it was read; try again later")


def _unchanged(use_case: "UseCase", batch: Batch) -> Snapshot:
    """The snapshot after a batch without rows: an incremental source had nothing new."""
    shutil.rmtree(batch.folder, ignore_errors=True)
    return current(use_case).model_copy(update={"came": 0, "kept": 0, "quarantined": 0, "duplicates": 0})


def others(use_case: "UseCase", batch: Batch) -> str:
    """The newest batch beside this one: what `raw` holds depends on it too."""
    store = lake()
    tables.prepare(store, use_case.name)
    newest = store.value(f"SELECT max(batch) FROM {use_case.name}.batches WHERE NOT (source = ? AND content = ?)", [batch.source, batch.content])
    return str(newest or 0)


def rules(use_case: "UseCase") -> str:
    """What a batch is judged by, as text: types, checks and limits. The same batch under other rules is judged again."""
    checks = [
        (name, str(column.dtype), column.nullable, [str(check) for check in column.checks])
        for name, column in parsed(use_case.schema).columns.items()
    ]
    return json.dumps([checks, use_case.bad_rows, use_case.columns.one("key"), repr(use_case.surprises)])


def _loaded_before(store: Lake, use_case: "UseCase", batch: Batch) -> int | None:
    """The number of this batch, if nothing has been loaded from its source since."""
    found = store.rows(
        f"SELECT batch, content, rules FROM {use_case.name}.batches WHERE source = ? ORDER BY batch DESC LIMIT 1",
        [batch.source],
    )
    return found[0][0] if found and found[0][1:] == (batch.content, rules(use_case)) else None


def _load(store: Lake, use_case: "UseCase", batch: Batch) -> int:
    """Judge and load a batch; returns its number.

    Raises:
        Moved: it has to be read again first: its rows are gone, or the ledger says something else of its source by now.
    """
    cursor = store.cursor()
    if not Path(batch.folder).exists() or increments.newest(cursor, use_case.name, batch.source) != batch.after:
        raise Moved
    open_batch(cursor, batch.folder)
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT -row, "column", {literal(UNREADABLE)} || "check", value, record
        FROM read_parquet({literal(batch.folder + "/rejects.parquet")})""")
    judge(cursor, use_case, batch.folder)
    repeated = _judge_keys(cursor, use_case)
    bad = int(store.value(f"SELECT count(DISTINCT row) FROM {FAILURES}") or 0)
    judged = whole(store, cursor, use_case, Judged(batch, rules(use_case), bad, "", _newest(cursor, use_case), repeated))
    return store.write(lambda transaction: load_rows(store, transaction, use_case, judged))


def open_batch(cursor: duckdb.DuckDBPyConnection, folder: str) -> None:
    """A staged batch as the view `staged`, and no failures yet."""
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW staged AS {staged(Path(folder))}")
    cursor.execute(f'CREATE OR REPLACE TEMP TABLE {FAILURES} (row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR)')


def judge(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", folder: str) -> None:
    """Judge every staged row by itself; why rows fail is in the table of failures."""
    _judge_cells(cursor)
    _judge_rows(cursor, use_case, folder)


def _newest(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> Any:
    """The newest time of the valid rows."""
    time = use_case.columns.one("time")
    if not time:
        return None
    return cursor.execute(f"SELECT max({quoted(time)})::TIMESTAMP FROM staged WHERE _row NOT IN (SELECT row FROM {FAILURES})").fetchall()[0][0]


def _judge_cells(cursor: duckdb.DuckDBPyConnection) -> None:
    """Cells that lack their declared type."""
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT _row, cell."column", 'type ' || cell.type, cell.value, _record
        FROM (SELECT _row, _record, unnest(_bad) AS cell FROM staged WHERE _bad IS NOT NULL)""")


def _judge_rows(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", folder: str) -> None:
    """Pandera's checks, on eager frames: on lazy ones it would look at types only."""
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    reader = lake().aside().execute(f"SELECT _row, {names} FROM ({staged(Path(folder))}) WHERE _bad IS NULL").to_arrow_reader(CHUNK)
    for batch in reader:
        frame = pl.DataFrame(pl.from_arrow(batch))
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
            f"use case '{use_case.name}': the check '{whole['check'][0]}' of column '{whole['column'][0]}' is not of single rows; fix the schema"
        )
    return cases.select(
        row=frame["_row"].gather(cases["index"].cast(pl.Int64)),
        column=pl.col("column").cast(pl.String),
        check=pl.col("check").cast(pl.String),
        value=pl.col("failure_case").cast(pl.String),
    )


def _judge_keys(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> bool:
    """Rows of one batch that share a key but differ: the first stays, the others are quarantined. Returns whether a key is repeated."""
    key = use_case.columns.one("key")
    if not key or not repeated(cursor, quoted(key), "staged"):
        return False
    valid = f"(SELECT * FROM staged WHERE _row NOT IN (SELECT row FROM {FAILURES}))"
    twice = f"(SELECT {quoted(key)} FROM {valid} GROUP BY 1 HAVING count(*) > 1)"
    cursor.execute(f"""INSERT INTO {FAILURES}
        SELECT _row, {literal(key)}, 'unique key (differs from row ' || first_row || ')', {quoted(key)}::VARCHAR, {record_sql(use_case)} FROM (
            SELECT *, first_value(_row) OVER w AS first_row, _content <> first_value(_content) OVER w AS differs
            FROM {valid} WHERE {quoted(key)} IN {twice} WINDOW w AS (PARTITION BY {quoted(key)} ORDER BY _row)) AS came
        WHERE differs""")
    return True
