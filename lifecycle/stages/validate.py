"""Validate: judge a staged batch against the schema; keep the valid rows, quarantine the others with their reason."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from lifecycle.errors import Outage
from lifecycle.reading import increments
from lifecycle.references import Batch, Snapshot
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake, literal, quoted
from lifecycle.table import batch_reader
from lifecycle.table.batch_checks import stop_if_refused, whole
from lifecycle.table.load import FAILURES, Moved, ValidatedBatch, load_rows
from lifecycle.table.quarantine import UNREADABLE
from lifecycle.table.raw import current, snapshot_of
from lifecycle.table.validation import judge, judge_keys, open_batch, rules

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

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
                batch = batch_reader.read(use_case, batch.given)
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
    repeated = judge_keys(cursor, use_case)
    bad = int(store.value(f"SELECT count(DISTINCT row) FROM {FAILURES}") or 0)
    judged = whole(store, cursor, use_case, ValidatedBatch(batch, rules(use_case), bad, "", _newest(cursor, use_case), repeated))
    return store.write(lambda transaction: load_rows(store, transaction, use_case, judged))


def _newest(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> Any:
    """The newest time of the valid rows."""
    time = use_case.columns.one("time")
    if not time:
        return None
    return cursor.execute(f"SELECT max({quoted(time)})::TIMESTAMP FROM staged WHERE _row NOT IN (SELECT row FROM {FAILURES})").fetchall()[0][0]
