"""Recall: an answer found again by its id, in the lake or in a segment that waits to be taken into it; and the row it was about."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from lifecycle.prediction_log import segments
from lifecycle.prediction_log.entries import AFTER, BEFORE
from lifecycle.settings import settings
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake, quoted
from lifecycle.table import batches
from lifecycle.table.raw import key_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

LAKE, JOURNAL = "lake", "journal"


def answer(use_case: str, id: str, home: Path | None = None) -> dict[str, Any] | None:
    """What was answered under an id, in batch or over HTTP; `None` where nothing is known of it.

    Returns:
        The columns of the table `predictions`, and `where` it was found: in the `lake`, or in the `journal` of this machine.
    """
    folder = segments.place(home or settings().home, use_case, "predictions")
    # The lake twice: between the first two looks an intake may have moved the row from the one to the other.
    return _in_lake(use_case, id) or _in_journal(folder, id) or _in_lake(use_case, id)


def row(use_case: "UseCase", key: str, moment: dt.datetime) -> dict[str, Any] | None:
    """The row of `raw` with a key, and the batch that brought it; `None` where the lake has no such row.

    Returns:
        `record` and `batch` as of `lake_version`. `then` says that this was the version at that moment; else it is the
        newest: the row came later, or the version of that moment is expired.
    """
    store = lake()
    for version, then in ((_version_at(store, moment), True), (store.version(), False)):
        found = _raw(store, use_case, key, version) if version is not None else None
        if found:
            record = {name: cell for name, cell in found.items() if not name.startswith("_")}
            return {"then": then, "lake_version": version, "record": record, "batch": batches.line(store, use_case.name, found["_batch"])}
    return None


def _in_lake(use_case: str, id: str) -> dict[str, Any] | None:
    store = lake()
    if not tables.exists(store, use_case, "predictions"):
        return None
    tables.prepare(store, use_case)  # a table of an older version lacks columns
    found = store.frame(f"SELECT * FROM {quoted(use_case)}.predictions WHERE id = ? LIMIT 1", [id])
    return {**found.row(0, named=True), "where": LAKE} if found.height else None


def _in_journal(folder: Path, id: str) -> dict[str, Any] | None:
    for path in reversed(segments.waiting(folder)):
        try:
            found = pl.scan_parquet(path, glob=False).filter(pl.col("id") == id).head(1).collect()
        except (pl.exceptions.PolarsError, OSError):
            continue  # it was taken in while we looked, or cannot be read: the next intake sets it aside
        if found.height:
            return {**dict.fromkeys([*BEFORE, *AFTER]), **found.row(0, named=True), "where": JOURNAL}
    return None


def _raw(store: Lake, use_case: "UseCase", key: str, version: int) -> dict[str, Any] | None:
    try:
        found = store.frame(f"SELECT * FROM {use_case.name}.raw AT (VERSION => {version}) WHERE {key_sql(use_case)} = ? LIMIT 1", [key])
    except (duckdb.CatalogException, duckdb.BinderException):
        return None  # at that version the table, or its key of today, was not there yet
    return found.row(0, named=True) if found.height else None


def _version_at(store: Lake, moment: dt.datetime) -> int | None:
    """The version of the lake at a moment; `None` where it is expired."""
    after = store.value("SELECT min(snapshot_id) FROM lake.snapshots() WHERE snapshot_time > ?", [moment])
    version = store.version() if after is None else after - 1
    return store.value("SELECT snapshot_id FROM lake.snapshots() WHERE snapshot_id = ?", [version])
