"""Rows of a person, in whatever files and tables they lie: the lake's, of every version; the catalogue's; the segments that wait."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.erasure.person import Person
from lifecycle.prediction_log import segments
from lifecycle.settings import settings
from lifecycle.store import lake_files
from lifecycle.store.lake import Lake, literal, quoted
from lifecycle.store.lake_files import InlinedRows

if TYPE_CHECKING:
    import psycopg

PERSONAL = ("raw", "quarantine", "features", "predictions", "labels")
"""The tables that hold rows of people."""
HELD = "lifecycle_inlined"
Batches = set[tuple[int, int]]


def keys(store: Lake, connection: "psycopg.Connection[Any]", person: Person) -> list[str]:
    """The keys of all rows of an entity, of every version of the lake, and of what was asked about it."""
    found: dict[str, None] = {}
    for table, relation, there in _relations(store, connection, person):
        condition = person.rows(table, there) if table in ("raw", "features", "predictions") else ""
        key = person.key_column if person.key_column in there else "_key" if "_key" in there else "key" if "key" in there else ""
        if condition and key:
            rows = store.rows(f"SELECT DISTINCT CAST({quoted(key)} AS VARCHAR) FROM {relation} WHERE {condition}")
            found |= {row[0]: None for row in rows if row[0] is not None}
    return list(found)


def versions(store: Lake, connection: "psycopg.Connection[Any]", person: Person) -> set[int]:
    """The versions of the lake in whose feature table or rows the person is."""
    last = store.version()
    found: set[int] = set()
    for file in lake_files.files(connection, store.storage, person.use_case):
        if file.table in ("raw", "features") and _places(store, file.rows, person, file.table):
            found |= set(range(file.begin, (file.end or last + 1)))
    return found


def erase(store: Lake, connection: "psycopg.Connection[Any]", person: Person) -> dict[str, int]:
    """Take the rows out of every file and table of the lake, in every version. Returns how many, by table; a row counts once in each file."""
    counts: dict[str, int] = {}
    quarantined = _quarantined(store, connection, person)
    for file in lake_files.files(connection, store.storage, person.use_case):
        gone = _places(store, file.rows, person, file.table, quarantined)
        if gone:
            lake_files.rewrite(store, connection, file, gone)
            counts[file.table] = counts.get(file.table, 0) + len(gone)
    for inlined in lake_files.inlined(connection, person.use_case):
        gone = _erase_inlined(store, connection, inlined, person, quarantined)
        if gone:
            counts[inlined.table] = counts.get(inlined.table, 0) + gone
    return counts


def erase_segments(store: Lake, person: Person) -> int:
    """Take the rows out of the segments that wait on this machine, also of those that were set aside. Returns how many rows."""
    count = 0
    for kind in ("predictions", "labels"):
        folder = segments.place(settings().home, person.use_case, kind)
        with store.lock(f"intake {person.use_case} {kind}"):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                count += _erase_segment(store, path, person, kind)
    return count


def _erase_segment(store: Lake, path: Path, person: Person, kind: str) -> int:
    rows = f"(SELECT *, file_row_number AS _at FROM read_parquet({literal(str(path))}, file_row_number = true))"
    try:
        gone = _places(store, rows, person, kind)
    except Exception:  # no Parquet, or a spoilt one: what names the person in it goes as a whole
        content = path.read_bytes()
        if any(word.encode() in content for word in (*person.values, *person.keys)):
            path.unlink()
            return 1
        return 0
    if gone:
        frame = pl.read_parquet(path).with_row_index("_at").filter(~pl.col("_at").is_in(gone)).drop("_at")
        arriving = path.with_suffix(".arriving")
        frame.write_parquet(arriving, compression="zstd", compression_level=1, statistics=False)
        arriving.replace(path)
    return len(gone)


def _relations(store: Lake, connection: "psycopg.Connection[Any]", person: Person) -> Iterator[tuple[str, str, set[str]]]:
    """Where rows of people lie: the table, SQL for the rows, their columns."""
    for file in lake_files.files(connection, store.storage, person.use_case):
        if file.table in PERSONAL:
            yield file.table, file.rows, _columns(store, file.rows)
    for inlined in lake_files.inlined(connection, person.use_case):
        frame = _held(connection, inlined) if inlined.table in PERSONAL else pl.DataFrame()
        if not frame.is_empty():
            with store.registered(HELD, frame.to_arrow()):
                yield inlined.table, HELD, set(frame.columns)
    folder = segments.place(settings().home, person.use_case, "predictions")
    for path in segments.waiting(folder):
        rows = f"read_parquet({literal(str(path))})"
        yield "predictions", rows, _columns(store, rows)


def _places(store: Lake, relation: str, person: Person, table: str, quarantined: Batches | None = None) -> list[int]:
    if table not in PERSONAL:
        return []
    condition = person.rows(table, _columns(store, relation))
    if table == "quarantine" and quarantined:
        pairs = ", ".join(f"({batch}, {row})" for batch, row in sorted(quarantined))
        condition = f"{condition} OR (batch, row) IN ({pairs})" if condition else f"(batch, row) IN ({pairs})"
    return [int(at) for (at,) in store.rows(f"SELECT _at FROM {relation} WHERE {condition}")] if condition else []


def _quarantined(store: Lake, connection: "psycopg.Connection[Any]", person: Person) -> Batches:
    """The rows in quarantine that are the person's, by batch and row: each has a line for every check that it failed."""
    found: Batches = set()
    for table, relation, there in _relations(store, connection, person):
        if table == "quarantine" and (condition := person.rows(table, there)):
            found |= {(int(batch), int(row)) for batch, row in store.rows(f"SELECT DISTINCT batch, row FROM {relation} WHERE {condition}")}
    return found


def _erase_inlined(store: Lake, connection: "psycopg.Connection[Any]", inlined: InlinedRows, person: Person, quarantined: Batches) -> int:
    frame = _held(connection, inlined) if inlined.table in PERSONAL else pl.DataFrame()
    if frame.is_empty():
        return 0
    with store.registered(HELD, frame.to_arrow()):
        gone = _places(store, HELD, person, inlined.table, quarantined)
    named = [frame.row(at, named=True) for at in gone]
    with connection.transaction():
        for row in named:
            query = f"DELETE FROM {quoted(inlined.name)} WHERE row_id = %s AND begin_snapshot = %s"
            connection.execute(query, [int(row["row_id"]), int(row["begin_snapshot"])])  # pyright: ignore[reportArgumentType, reportCallIssue]
        live = sum(row["end_snapshot"] is None for row in named)
        connection.execute(
            "UPDATE ducklake_table_stats SET record_count = greatest(record_count - %s, 0) WHERE table_id = %s", [live, inlined.table_id]
        )
    return len(gone)


def _held(connection: "psycopg.Connection[Any]", inlined: InlinedRows) -> pl.DataFrame:
    """Rows that the catalogue itself holds, as texts, with their places as `_at`."""
    cursor = connection.execute(f"SELECT * FROM {quoted(inlined.name)} ORDER BY row_id, begin_snapshot")  # pyright: ignore[reportArgumentType, reportCallIssue]
    names = [column.name for column in cursor.description or ()]
    rows = [[_text(cell) for cell in row] for row in cursor.fetchall()]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_row_index("_at")
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in ("batch", "row") if name in names and inlined.table == "quarantine")


def _text(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bytes | memoryview):
        return bytes(cell).decode("utf-8", "replace")
    return str(cell)


def _columns(store: Lake, relation: str) -> set[str]:
    return {name for name, *_ in store.rows(f"DESCRIBE SELECT * FROM {relation}")}
