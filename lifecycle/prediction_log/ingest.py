"""Intake: what a service has written to segments on this machine goes into the lake, each row once."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lifecycle.prediction_log import segments
from lifecycle.settings import settings
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake, literal, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

AT_ONCE = 500
"""Segments taken in one transaction."""
BROKEN = ".broken"
log = logging.getLogger("lifecycle.intake")


def take(use_case: "UseCase | str", home: Path | None = None) -> int:
    """Take a use case's waiting segments of this machine into the tables `predictions` and `labels`.

    The rows of a segment and the line that says it is taken are one transaction; the file goes after it. A kill between
    the two leaves a file that the next intake knows and removes. A file that cannot be read is set aside, not lost.

    Returns:
        How many rows came in.
    """
    name = use_case if isinstance(use_case, str) else use_case.name
    came = 0
    for kind, insert in KINDS.items():
        folder = segments.place(home or settings().home, name, kind)
        if segments.waiting(folder):
            store = lake()
            store.cursor().execute("SET enable_external_file_cache = false")  # segments are read once and deleted: a cache of them only grows
            tables.prepare(store, name)
            with store.lock(f"intake {name} {kind}"):
                came += _take(store, name, kind, folder, insert)
    return came


def pending(use_case: str, kind: str, home: Path | None = None) -> int:
    """How many segments of a kind wait on this machine."""
    return len(segments.waiting(segments.place(home or settings().home, use_case, kind)))


def _take(store: Lake, use_case: str, kind: str, folder: Path, insert: "Insert") -> int:
    came = 0
    there = segments.waiting(folder)  # again, under the lock
    for start in range(0, len(there), AT_ONCE):
        some = there[start : start + AT_ONCE]
        known = _taken(store, use_case, kind, some)
        new = [path for path in some if path not in known]
        came += _write(store, use_case, kind, new, insert)
        for path in some:
            path.unlink(missing_ok=True)
    return came


def _write(store: Lake, use_case: str, kind: str, new: list[Path], insert: "Insert") -> int:
    if not new:
        return 0
    try:
        return store.write(lambda transaction: _insert(transaction, use_case, kind, new, insert))
    except duckdb.Error:
        good = [path for path in new if _readable(path)]
        if len(good) == len(new):
            raise
    return _write(store, use_case, kind, good, insert)


def _taken(store: Lake, use_case: str, kind: str, paths: list[Path]) -> list[Path]:
    """Those segments whose rows are in the lake already."""
    writers = sorted({segments.parted(path)[0] for path in paths})
    asked = ", ".join(map(literal, writers))
    rows = store.rows(f"SELECT writer, max(upto) FROM {use_case}.segments WHERE kind = ? AND writer IN ({asked}) GROUP BY 1", [kind])
    reached = dict(rows)
    return [path for path in paths if segments.parted(path)[1] <= reached.get(segments.parted(path)[0], 0)]


def _readable(path: Path) -> bool:
    """Whether a segment can be read to its end; one that cannot is set aside."""
    import polars as pl

    try:
        pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        log.error("the segment %s cannot be read (%s) and is set aside as %s", path, type(error).__name__, path.name + BROKEN)
        path.rename(path.with_name(path.name + BROKEN))
        return False
    return True


def _insert(transaction: duckdb.DuckDBPyConnection, use_case: str, kind: str, paths: list[Path], insert: "Insert") -> int:
    files = ", ".join(literal(str(path)) for path in paths)
    rows = insert(transaction, use_case, f"read_parquet([{files}], union_by_name = true)")
    upto: dict[str, int] = {}
    for path in paths:
        writer, number = segments.parted(path)
        upto[writer] = max(upto.get(writer, 0), number)
    for writer, number in upto.items():
        transaction.execute(f"INSERT INTO {use_case}.segments VALUES (?, ?, ?, ?, now())", [kind, writer, number, rows])
    return rows


def _predictions(transaction: duckdb.DuckDBPyConnection, use_case: str, source: str) -> int:
    """A segment says itself what its answers hold: also one that was written by another definition, or before this version, comes in."""
    there, came = (
        {name: kind for name, kind, *_ in transaction.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
        for rows in (f"{use_case}.predictions", source)
    )
    for name in [name for name in came if name not in there]:
        transaction.execute(f"ALTER TABLE {use_case}.predictions ADD COLUMN IF NOT EXISTS {quoted(name)} {came[name]}")
    done = transaction.execute(f"INSERT INTO {use_case}.predictions BY NAME SELECT * FROM {source}").fetchall()
    return int(done[0][0])


def _labels(transaction: duckdb.DuckDBPyConnection, use_case: str, source: str) -> int:
    """A label that says what the newest of its key says already adds nothing."""
    done = transaction.execute(f"""
        INSERT INTO {use_case}.labels (key, target, label_time, received_at)
        WITH came AS (SELECT key, target, label_time, received_at, false AS old FROM {source}),
        newest AS (SELECT key, target, label_time, received_at, true AS old FROM {use_case}.labels
            WHERE key IN (SELECT key FROM came) QUALIFY row_number() OVER (PARTITION BY key ORDER BY received_at DESC) = 1)
        SELECT key, target, label_time, received_at FROM (FROM newest UNION ALL FROM came) AS said
        QUALIFY NOT old AND (target, label_time) IS DISTINCT FROM
            lag((target, label_time)) OVER (PARTITION BY key ORDER BY received_at, old DESC)""").fetchall()
    return int(done[0][0])


Insert = Callable[[duckdb.DuckDBPyConnection, str, str], int]
KINDS: dict[str, Insert] = {"predictions": _predictions, "labels": _labels}
