"""Forget: a person is erased everywhere. Every step can be done again, so that what a kill cut off is done by asking again."""

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from lifecycle.dependencies import answers
from lifecycle.erasure import receipts, rows, texts
from lifecycle.erasure.person import Person, pattern, person
from lifecycle.errors import Outage
from lifecycle.prediction_log import ingest
from lifecycle.progress import emit
from lifecycle.references import Reference
from lifecycle.settings import settings
from lifecycle.store import database, lake_files, staging, tables, versions
from lifecycle.store.lake import lake, quoted
from lifecycle.table import feature_table

if TYPE_CHECKING:
    import psycopg

    from lifecycle.store.lake import Lake
    from lifecycle.usecase import UseCase

PASSES = 5
"""So often the lake is looked through: what somebody writes meanwhile is found the next time."""
STATISTICS = ("ducklake_table_column_stats", "ducklake_file_column_stats", "ducklake_data_file", "ducklake_delete_file")

LONGEST_PAUSE = 5.0  # seconds


class Forgotten(Reference):
    """What became of it. Asked again, `rows` is 0 everywhere and the receipt is the same."""

    receipt: str
    """The receipt's name."""
    hash: str
    began_at: str
    rows: dict[str, int]
    """Rows that went, by where they lay; a row counts once in every file of the lake that had it."""
    artifacts: int
    """Files of runs and models that were written again."""
    cells: int
    """Texts in databases in which a word of theirs was blanked."""
    versions: tuple[int, ...]
    """The model versions that were trained on some of the rows: what they have learnt is not undone."""
    left: tuple[str, ...] = ()
    """Files that hold a word of theirs and cannot be written again: models. Delete those versions, or train new ones and let them be champion."""
    repeated: bool = False
    """Whether it had been done before."""


def forget(use_case: "UseCase", key: str | None = None, entity: str | None = None) -> Forgotten:
    """Erase a person: rows, features, predictions, labels and quarantine of every lake version, segments, artifacts, cached results.

    Args:
        use_case: where.
        key: of one row; or
        entity: `COLUMN=VALUE`, all rows with that value and what was said of them.

    Raises:
        LifecycleError: the column is none of the schema.
        Outage: somebody went on writing such rows.
    """
    store, server = lake(), database.connect(settings())
    meant = person(use_case, key, entity)
    tables.prepare(store, use_case.name)
    receipt = receipts.begun(meant)
    repeated = receipt.ended_at is not None
    import psycopg

    with ExitStack() as held, psycopg.connect(server.conninfo("lake"), autocommit=True) as connection:
        for name in (f"ingest {use_case.name}", "maintain"):
            held.enter_context(store.lock(name))
        ingest.take(use_case)
        meant = meant.with_keys(rows.keys(store, connection, meant))
        receipt = receipts.learnt(receipt, trained_on(store, connection, meant))
        counts = _erase(store, connection, meant)
        lake_files.forget_bounds(connection, use_case.name, [*meant.values, *meant.keys], pattern(meant.words) if meant.words else "")
        emit("forget", "note", "artifacts and texts")
        artifacts, left = texts.in_artifacts(use_case.name, meant)
        cells = texts.in_databases(server, database.PURPOSES, meant.words)
        counts |= {"cached results": _cached(use_case.name)}
        lake_files.clean(store)
        feature_table.let_go()
        _vacuum(connection, use_case.name)
    receipt = receipts.ended(receipt, {name: count for name, count in counts.items() if count})
    return Forgotten(
        use_case=use_case.name, receipt=receipt.id, hash=receipt.hash, began_at=receipt.began_at.isoformat(), rows=counts, artifacts=artifacts,
        cells=cells, versions=receipt.versions, left=tuple(left), repeated=repeated,
    )  # fmt: skip


def trained_on(store: "Lake", connection: "psycopg.Connection[object]", meant: Person) -> set[int]:
    """The registered versions in whose feature table the person is."""
    there = rows.versions(store, connection, meant)
    found = [versions.kept(meant.use_case, number) for number in versions.recorded(meant.use_case)]
    return {each.version for each in found if each and each.evaluated.trained.parts.features.version in there}


def _erase(store: "Lake", connection: "psycopg.Connection[object]", meant: Person) -> dict[str, int]:
    counts: dict[str, int] = {}
    for number in range(PASSES):
        if number == 1:
            time.sleep(min(2 * settings().flush_seconds, LONGEST_PAUSE))  # what a running service had in hand is on the disk by then
            ingest.take(meant.use_case)
        found = rows.erase(store, connection, meant)
        found["log segments"] = rows.erase_segments(store, meant)
        for name, count in found.items():
            counts[name] = counts.get(name, 0) + count
        if number and not any(found.values()):
            return counts
        emit("forget", "note", f"looked through {number + 1} times")
    raise Outage(f"use case '{meant.use_case}': rows of the person are written while they are erased; stop what writes them, and ask again")


def _cached(use_case: str) -> int:
    """Delete what stages answered, and what was staged for them."""
    import shutil

    home = settings().home
    for folder in (home / "staging" / use_case).glob("*"):
        if not staging.in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return answers.forget_use_case(use_case) + texts.results(home / "prefect" / "storage", use_case)


def _vacuum(connection: "psycopg.Connection[object]", use_case: str) -> None:
    """Take what was deleted out of PostgreSQL's files, and out of its log where the server is ours alone."""
    for name in (*STATISTICS, "lifecycle_versions", *(each.name for each in lake_files.inlined(connection, use_case))):
        connection.execute(f"VACUUM FULL {quoted(name)}")  # pyright: ignore[reportArgumentType, reportCallIssue]
    if not settings().database_url:
        connection.execute("ALTER SYSTEM SET wal_recycle = off")
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(2):
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
        connection.execute("ALTER SYSTEM RESET wal_recycle")
        connection.execute("SELECT pg_reload_conf()")
