"""Load: how a judged batch gets into the lake: valid rows into `raw`, the others into quarantine, a line into the ledger."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from lifecycle.dependencies import clock
from lifecycle.reading import increments
from lifecycle.references import Batch
from lifecycle.store.lake import Lake, literal, quoted
from lifecycle.table import places
from lifecycle.table.raw import content, key_sql, make, names, record_sql, stamp

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

FAILURES, SKIPPED = "lifecycle_failures", "lifecycle_skipped"
"""Temporary tables: why staged rows are not valid, and which valid ones `raw` has already."""
REFUSED = "batch refused: "


class Moved(Exception):
    """Another load of the same source has come between the reading of a batch and its load."""


@dataclass(frozen=True)
class ValidatedBatch:
    """What is known of a staged batch once every row of it is judged."""

    batch: Batch
    rules: str
    bad: int
    """Rows with a failing check, lines that could not be read among them."""
    refused: str
    """Why the whole batch is refused, if it is."""
    newest: dt.datetime | None
    repeated: bool
    """Whether a key comes more than once."""
    alarms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def report(self) -> str:
        """What the ledger keeps of it, as JSON."""
        return json.dumps({"refused": self.refused, "alarms": self.alarms, "notes": self.notes})


def load_rows(store: Lake, cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", judged: ValidatedBatch) -> int:
    """Inside one transaction: rows, quarantine and ledger line of a batch. Returns its number.

    Rows with a key are merged: new ones inserted, changed ones updated, equal ones counted as duplicates. Rows
    without a key replace those that came from the same source before: the source is the truth about itself.

    Raises:
        Moved: the ledger is not what it was when the batch was read. Rows that are there by now would come twice, or those that
            another load has brought would be replaced by older ones.
    """
    name, batch = use_case.name, judged.batch
    if increments.newest(cursor, name, batch.source) != batch.after:
        raise Moved
    number = next_number(cursor, name)
    make(store, cursor, use_case)
    if judged.refused:
        _refuse(cursor, use_case, judged.refused)
    quarantined = batch.rows if judged.refused else judged.bad
    view_valid(cursor)
    kept = merge(cursor, use_case, str(number), judged.repeated) if use_case.columns.one("key") else _replace(cursor, use_case, batch, number)
    record, failures = places.record(use_case, FAILURES)
    cursor.execute(
        f"""INSERT INTO {name}.quarantine (batch, row, "column", "check", value, record, source, quarantined_at)
        SELECT ?, abs(row), "column", "check", value, {record}, ?, ?::TIMESTAMPTZ FROM {failures}""",
        [number, batch.source, clock.now()],
    )
    duplicates = batch.rows - quarantined - kept
    write_line(cursor, use_case, judged, number, kept, quarantined, duplicates)
    return number


def next_number(cursor: duckdb.DuckDBPyConnection, use_case: str) -> int:
    """The number of the next batch."""
    return int(cursor.execute(f"SELECT coalesce(max(batch), 0) + 1 FROM {use_case}.batches").fetchall()[0][0])


def write_line(
    cursor: duckdb.DuckDBPyConnection,
    use_case: "UseCase",
    judged: ValidatedBatch,
    number: int,
    kept: int,
    quarantined: int,
    duplicates: int,
    *,
    retry: bool = False,
) -> None:
    """The ledger's line of a batch, by what its rows became."""
    name, batch = use_case.name, judged.batch
    cursor.execute(
        f"""INSERT INTO {name}.batches (batch, source, content, came, kept, quarantined, duplicates, rows_after, rules, loaded_at, newest,
            retry, hashed, report, reached, files) SELECT ?, ?, ?, ?, ?, ?, ?, (SELECT count(*) FROM {name}.raw), ?, ?::TIMESTAMPTZ, ?, ?, ?, ?, ?, ?""",
        [number, batch.source, batch.content, batch.rows, kept, quarantined, duplicates, judged.rules, clock.now(), judged.newest,
         retry, stamp(use_case), judged.report(), batch.reached, batch.files],
    )  # fmt: skip


def _refuse(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", why: str) -> None:
    """Put the rest of the batch into quarantine too."""
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT _row, NULL, {literal(REFUSED + why)}, NULL, {record_sql(use_case)} FROM staged
        WHERE _row NOT IN (SELECT row FROM {FAILURES})""")


def view_valid(cursor: duckdb.DuckDBPyConnection) -> None:
    """The staged rows that no check failed, as `valid`; and nothing skipped yet."""
    kept = f"WHERE _row NOT IN (SELECT row FROM {FAILURES})" if _count(cursor, FAILURES) else ""
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW valid AS SELECT * FROM staged {kept}")
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {SKIPPED} (_row BIGINT)")


def merge(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", number: str, repeated: bool, source: str = "valid") -> int:
    """Merge the valid rows by key; returns how many were inserted or changed.

    `number` and `source` are as for `insert`. What is compared is the key and the hash of the cells: of `raw` no other column is read.
    """
    key, table = quoted(use_case.columns.one("key") or ""), f"{use_case.name}.raw"
    if repeated:
        cursor.execute(f"""INSERT INTO {SKIPPED}
            SELECT _row FROM (SELECT _row, row_number() OVER (PARTITION BY {key} ORDER BY _row) AS nth FROM valid) WHERE nth > 1""")
    if _count(cursor, table):
        cursor.execute(f"""CREATE OR REPLACE TEMP TABLE lifecycle_known AS
            SELECT v._row, v.{key} AS key, r._content = v._content AND r._extra IS NOT DISTINCT FROM v._extra AS same
            FROM valid v JOIN {table} r ON r.{key} = v.{key} WHERE v._row NOT IN (FROM {SKIPPED})""")
        changed = f"{key} IN (SELECT key FROM lifecycle_known WHERE NOT same)"
        places.keep(cursor, use_case, f"{key} IN (SELECT key FROM lifecycle_known)")
        if _count(cursor, "lifecycle_known WHERE NOT same"):
            cursor.execute(f"DELETE FROM {table} WHERE {changed}")
        cursor.execute(f"INSERT INTO {SKIPPED} SELECT _row FROM lifecycle_known WHERE same")
    else:
        places.keep(cursor, use_case)
    return insert(cursor, use_case, number, source=source)


def insert(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", number: str, key: str = "NULL", source: str = "valid") -> int:
    """Insert the valid rows that are not skipped; returns how many. `places.keep` was called before.

    Args:
        cursor: in a transaction.
        use_case: the definition.
        number: SQL for the batch that a row came with.
        key: SQL for its `_key`, where the schema has no key.
        source: SQL for the valid rows, with what the other two need.
    """
    fresh = f"_row NOT IN (FROM {SKIPPED})" if _count(cursor, SKIPPED) else "true"
    cells, rows = places.give(cursor, use_case, source, key_sql(use_case) if use_case.columns.one("key") else key, fresh)
    row = cursor.execute(
        f"INSERT INTO {use_case.name}.raw ({names(use_case)}, _content, _extra, _key, _batch)"
        f" SELECT {cells}, _content, _extra, {key}, {number} FROM {rows} WHERE {fresh}"
    ).fetchall()[0]
    return int(row[0])


def _replace(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", batch: Batch, number: int) -> int:
    """Replace the rows of the same source, or join them; returns how many rows came in. Equal rows get keys of their own."""
    own = f"_batch IN (SELECT batch FROM {use_case.name}.batches WHERE source = {literal(batch.source)})"
    places.keep(cursor, use_case, own)
    if _count(cursor, "valid") == 0:
        return 0
    if batch.adds:  # what is there stays, with its keys
        return insert(cursor, use_case, str(number), f"'{number}-' || key", f"({keyed(use_case)})")
    cursor.execute(f"DELETE FROM {use_case.name}.raw WHERE {own}")
    return insert(cursor, use_case, str(number), "key", f"({keyed(use_case)})")


def keyed(use_case: "UseCase", there: str = "0") -> str:
    """SQL for the valid rows of a table without a key column, with a `key` made of their content and a number among equals.

    Args:
        use_case: the definition.
        there: SQL for how many rows of the same `content` are there already.
    """
    return f"""SELECT * EXCLUDE (content), content || '-' || ({there} + row_number() OVER (PARTITION BY content ORDER BY _row)) AS key
        FROM (SELECT *, left(md5(CAST(({content(use_case)}) AS VARCHAR)), 16) AS content FROM valid) ORDER BY _row"""


def repeated(cursor: duckdb.DuckDBPyConnection, key: str, table: str) -> bool:
    """Whether a key comes more than once: cheap to ask, and mostly it does not."""
    row = cursor.execute(f"SELECT count({key}) > count(DISTINCT {key}) FROM {table}").fetchall()[0]
    return bool(row[0])


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    row = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
    return int(row[0])
