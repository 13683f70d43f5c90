"""Release: try the rows in quarantine again, as they are or repaired; those that pass now are loaded, the others stay."""

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lifecycle.reading import level
from lifecycle.references import Batch, Reference
from lifecycle.store import staging, tables
from lifecycle.store.lake import Lake, lake, literal, quoted
from lifecycle.table import casting, load, places, quarantine, raw
from lifecycle.table.batch_checks import TOO_MANY
from lifecycle.table.load import FAILURES, REFUSED, SKIPPED, ValidatedBatch
from lifecycle.table.repaired import TRIED, open_all, open_file
from lifecycle.table.validation import judge, open_batch, rules

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


class Released(Reference):
    """What became of the rows in quarantine that were tried again: `tried = kept + duplicates + quarantined`."""

    batch: int
    """The ledger's number of this load; 0 where nothing changed."""
    tried: int
    kept: int
    """Rows that are in `raw` now."""
    duplicates: int
    """Rows that `raw` had already, or of which a later batch has brought a newer version: they leave the quarantine too."""
    quarantined: int
    """Rows that stay, with today's reason."""
    unreadable: int = 0
    """Lines that are no rows: only a repaired file can bring them."""
    before: int = 0
    """Rows of the file that had left the quarantine before."""


def release(use_case: "UseCase", file: Path | None = None) -> Released:
    """Load rows in quarantine again: as they came (the schema was fixed), or as a repaired export has them.

    What passes is merged into `raw`, as of the batch it came with, and marked as released, with the time and this load's number
    in the ledger. A row of which a later batch brought a newer version does not replace it. Rows of a refused batch are let in when no more than
    `bad_rows` of that batch is bad now. Trying again changes nothing.

    Raises:
        LifecycleError: the file cannot be read, or names rows that are not in quarantine.
    """
    store = lake()
    tables.prepare(store, use_case.name)
    folder = staging.folder(use_case.name)
    try:
        with store.lock(f"ingest {use_case.name}"):
            cursor = store.cursor()
            before = open_file(cursor, use_case, file) if file else open_all(cursor, use_case)
            tried = int(store.value(f"SELECT count(*) FROM {TRIED}"))
            unreadable = int(store.value(f"SELECT count(*) FROM ({quarantine.waiting(use_case.name)}) WHERE unreadable") or 0)
            told = Released(
                use_case=use_case.name, batch=0, tried=tried, kept=0, duplicates=0, quarantined=tried, unreadable=unreadable, before=before
            )
            if not tried:
                return told
            _stage(cursor, use_case, folder)
            return _load(store, cursor, use_case, told, folder, f"quarantine: {file.name}" if file else "quarantine")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stage(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", folder: Path) -> None:
    own = ("lifecycle_number", "lifecycle_batch", "lifecycle_row", "lifecycle_source")
    there = {row[0]: "VARCHAR" for row in cursor.execute(f"DESCRIBE {TRIED}").fetchall() if row[0] not in own}
    query = casting.typed(use_case, there, level.spelled(f"FROM {TRIED}", there, use_case.columns, derived=True))
    cursor.execute(f"COPY ({query}) TO {literal(str(folder / 'rows.parquet'))} (FORMAT parquet)")
    open_batch(cursor, str(folder))
    judge(cursor, use_case, str(folder))


def _load(store: Lake, cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", told: Released, folder: Path, source: str) -> Released:
    content = store.rows("SELECT sum(hash(_row, _content)::HUGEINT) FROM staged")
    batch = Batch(
        use_case=use_case.name, source=source, content=hashlib.sha256(repr(content).encode()).hexdigest(), folder=str(folder), rows=told.tried
    )

    def write(transaction: duckdb.DuckDBPyConnection) -> Released:
        number = load.next_number(transaction, use_case.name)
        raw.make(store, transaction, use_case)
        _still_refused(transaction, use_case)
        kept = _merge(transaction, use_case) if use_case.columns.one("key") else _append(transaction, use_case)
        bad = int(transaction.execute(f"SELECT count(DISTINCT row) FROM {FAILURES}").fetchall()[0][0])
        if not _mark(transaction, use_case, number):
            return told
        judged = ValidatedBatch(batch, rules(use_case), bad, "", None, False)
        load.write_line(transaction, use_case, judged, number, kept, bad, told.tried - bad - kept, retry=True)
        return told.model_copy(update={"batch": number, "kept": kept, "duplicates": told.tried - bad - kept, "quarantined": bad})

    return store.write(write)


def _still_refused(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> None:
    """Of a refused batch all rows stay as long as too many of it are bad, or cells have other types and the definition minds."""
    strict = "bool_or(starts_with(coalesce(f.\"check\", ''), 'type '))" if use_case.surprises.changed == "refuse" else "false"
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE lifecycle_refused AS
        WITH passed AS (SELECT lifecycle_batch AS batch, count(DISTINCT lifecycle_number) FILTER (f.row IS NULL) AS rows, {strict} AS other
            FROM {TRIED} LEFT JOIN {FAILURES} f ON f.row = lifecycle_number GROUP BY 1),
        waiting AS (SELECT batch, count(*) AS rows FROM ({quarantine.waiting(use_case.name)}) GROUP BY 1)
        SELECT batch FROM passed JOIN waiting w USING (batch) JOIN {use_case.name}.batches b USING (batch)
        WHERE json_extract_string(b.report, '/refused') <> '' AND (other OR w.rows - passed.rows > ? * b.came)""",
        [use_case.bad_rows],
    )
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT lifecycle_number, NULL, {literal(REFUSED + TOO_MANY)}, NULL, NULL FROM {TRIED}
        WHERE lifecycle_batch IN (FROM lifecycle_refused) AND lifecycle_number NOT IN (SELECT row FROM {FAILURES})""")


def _merge(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> int:
    """Merge by key; a key whose row in `raw` is of a later batch keeps it, one that its own batch brought twice is still twice."""
    key = quoted(use_case.columns.one("key") or "")
    kept = f"SELECT _row, s.{key}, lifecycle_batch AS batch, _content FROM staged s JOIN {TRIED} ON lifecycle_number = _row WHERE _row NOT IN (SELECT row FROM {FAILURES})"
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT _row, {literal(use_case.columns.one("key") or "")}, 'unique key (differs from the row that was kept)', {key}::VARCHAR, NULL
        FROM (SELECT k.*, first_value(batch) OVER w AS first_batch, first_value(k._content) OVER w AS first, r._batch, r._content AS there
            FROM ({kept}) k LEFT JOIN {use_case.name}.raw r USING ({key}) WINDOW w AS (PARTITION BY k.{key} ORDER BY _row))
        WHERE (_batch = batch AND there <> _content) OR (first_batch = batch AND first <> _content)""")
    load.view_valid(cursor)
    cursor.execute(f"""INSERT INTO {SKIPPED} SELECT k._row FROM ({kept}) k JOIN {use_case.name}.raw r USING ({key}) WHERE r._batch > k.batch""")
    return load.merge(
        cursor,
        use_case,
        "lifecycle_batch",
        repeated=True,
        source=f"(SELECT valid.*, lifecycle_batch FROM valid JOIN {TRIED} ON lifecycle_number = _row)",
    )


def _append(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> int:
    """Without a key: rows of the newest batch of each source join those that are there; an older batch was replaced by it."""
    name = use_case.name
    load.view_valid(cursor)
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE lifecycle_newest AS
        WITH there AS (SELECT source, max(batch) AS loaded FROM {name}.batches WHERE batch IN (SELECT DISTINCT _batch FROM {name}.raw) GROUP BY 1),
        now AS (SELECT lifecycle_source AS source, max(lifecycle_batch) AS tried FROM {TRIED} JOIN valid ON _row = lifecycle_number GROUP BY 1)
        SELECT source, greatest(tried, coalesce(loaded, 0)) AS newest FROM now LEFT JOIN there USING (source)""")
    cursor.execute(f"""INSERT INTO {SKIPPED} SELECT lifecycle_number FROM {TRIED} JOIN lifecycle_newest ON source = lifecycle_source
        WHERE lifecycle_batch < newest""")
    older = f"_batch IN (SELECT b.batch FROM {name}.batches b JOIN lifecycle_newest n ON b.source = n.source WHERE b.batch < n.newest)"
    places.keep(cursor, use_case, older)
    cursor.execute(f"DELETE FROM {name}.raw WHERE {older}")
    there = f"coalesce((SELECT max(split_part(r._key, '-', 2)::BIGINT) FROM {name}.raw r WHERE split_part(r._key, '-', 1) = content), 0)"
    source = f"(SELECT k.*, lifecycle_batch FROM ({load.keyed(use_case, there)}) k JOIN {TRIED} ON lifecycle_number = k._row)"
    return load.insert(cursor, use_case, "lifecycle_batch", "key", source)


def _mark(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", number: int) -> bool:
    """Mark what passed as released, and give what stays its new reason. Returns whether anything changed."""
    name = use_case.name
    passed = f"SELECT lifecycle_batch, lifecycle_row FROM {TRIED} WHERE lifecycle_number NOT IN (SELECT row FROM {FAILURES})"
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE lifecycle_reasons AS
        SELECT lifecycle_batch AS batch, lifecycle_row AS row, lifecycle_source AS source, f."column", f."check", f.value
        FROM {FAILURES} f JOIN {TRIED} ON lifecycle_number = f.row""")
    same = "(batch, row, coalesce(\"column\", ''), \"check\", coalesce(value, ''))"
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE lifecycle_changed AS SELECT DISTINCT batch, row FROM lifecycle_reasons
        WHERE {same} NOT IN (SELECT {same} FROM {name}.quarantine WHERE {quarantine.OPEN})""")
    released = cursor.execute(
        f"UPDATE {name}.quarantine SET released_at = now(), released_by = {number} WHERE {quarantine.OPEN} AND (batch, row) IN ({passed})"
    ).fetchall()[0][0]
    changed = cursor.execute("SELECT count(*) FROM lifecycle_changed").fetchall()[0][0]
    if changed:
        cursor.execute(f"""CREATE OR REPLACE TEMP TABLE lifecycle_records AS SELECT batch, row, max(record) AS record, min(quarantined_at) AS since
            FROM {name}.quarantine WHERE {quarantine.OPEN} AND (batch, row) IN (FROM lifecycle_changed) GROUP BY ALL""")
        read = f"""NOT starts_with("check", {literal(quarantine.UNREADABLE)})"""  # lines that could not be parsed stay marked as such
        cursor.execute(f"DELETE FROM {name}.quarantine WHERE {quarantine.OPEN} AND {read} AND (batch, row) IN (FROM lifecycle_changed)")
        cursor.execute(f"""INSERT INTO {name}.quarantine (batch, row, "column", "check", value, record, source, quarantined_at)
            SELECT batch, row, "column", "check", value, record, source, since FROM lifecycle_reasons JOIN lifecycle_records USING (batch, row)""")
    return bool(released or changed)
