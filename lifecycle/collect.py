"""Collect: read a source, give every cell its declared type, stage the rows; what has no such type is marked, not lost."""

import hashlib
import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lifecycle import files, reading
from lifecycle.columns import Column
from lifecycle.errors import DataError, LifecycleError
from lifecycle.lake import lake, literal, quoted
from lifecycle.reading import REJECTS
from lifecycle.references import Batch
from lifecycle.settings import settings
from lifecycle.sources import Files, Generated, Source

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

ABANDONED = 24 * 3600  # seconds after which a staging folder belongs to a run that was killed


def collect(use_case: "UseCase", source: str | None = None) -> Batch:
    """Read the rows of a use case (of `source` in place of its own) and stage them as typed Parquet.

    Raises:
        LifecycleError: the source is not there, or a declared column is missing from it.
    """
    origin = reading.chosen(use_case, source)
    folder = _staging(use_case.name)
    cursor = lake().cursor()
    try:
        came = _stage(cursor, use_case, origin, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    content = _content(cursor, folder)
    return Batch(use_case=use_case.name, source=reading.named(origin), content=content, folder=str(folder), rows=came, given=source)


def content_key(use_case: "UseCase", source: str | None) -> str | None:
    """What tells, without reading rows, that a source would give the same again; `None` where nothing can."""
    origin = reading.chosen(use_case, source)
    if isinstance(origin, Files) and not any(file.path.startswith(files.REMOTE) for file in origin.files):
        return hashlib.sha256("".join(files.digest(files.locate(file)) for file in origin.files).encode()).hexdigest()
    if isinstance(origin, Generated) and origin.deterministic:
        return "deterministic"
    return None


def _staging(use_case: str) -> Path:
    root = settings().home / "staging" / use_case
    root.mkdir(parents=True, exist_ok=True)
    for old in root.iterdir():
        if time.time() - old.stat().st_mtime > ABANDONED:
            shutil.rmtree(old, ignore_errors=True)
    folder = root / uuid.uuid4().hex
    folder.mkdir()
    return folder


def _stage(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", origin: Source, folder: Path) -> int:
    """Write `rows.parquet` and `rejects.parquet`; returns how many rows came."""
    query = reading.relation(cursor, origin)
    try:
        there = {name: kind for name, kind, *_ in cursor.execute(f"DESCRIBE ({query})").fetchall()}
        cursor.execute(f"COPY ({_typed(use_case, there, query, reading.named(origin))}) TO {literal(str(folder / 'rows.parquet'))} (FORMAT parquet)")
    except duckdb.Error as error:
        raise DataError(
            f"use case '{use_case.name}': the source {reading.named(origin)} cannot be read: {' '.join(str(error).split())}; mend the source"
        ) from error
    reading.keep_rejects(cursor)
    cursor.execute(f"COPY {REJECTS} TO {literal(str(folder / 'rejects.parquet'))} (FORMAT parquet)")
    counted = cursor.execute(
        f"SELECT (SELECT count(*) FROM read_parquet({literal(str(folder / 'rows.parquet'))})) + (SELECT count(*) FROM {REJECTS})"
    ).fetchall()[0]
    came = int(counted[0])
    if came == 0:
        raise DataError(f"use case '{use_case.name}': the source {reading.named(origin)} has no rows; give one that has")
    return came


def _typed(use_case: "UseCase", there: dict[str, str], query: str, source: str) -> str:
    """The query whose cells have the declared types, with `_row` (from 1), `_bad` (cells that had another) and `_record`."""
    optional = {name for role in ("target", "label_time") for name in use_case.columns.having(role) if use_case.columns[name].nullable}
    missing = [name for name in use_case.columns.names if name not in there and name not in optional]
    if missing:
        raise LifecycleError(
            f"use case '{use_case.name}': the source {source} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"
            f" (it has {', '.join(there)}); add them, or change schemas/{use_case.name}.py"
        )
    cells = [_cell(column, there.get(column.name)) for column in use_case.columns.all]
    bad = [_mismatch(column, there[column.name]) for column in use_case.columns.all if there.get(column.name, column.sql_type) != column.sql_type]
    marked = f"list_filter([{', '.join(bad)}], cell -> cell IS NOT NULL)" if bad else '[]::STRUCT("column" VARCHAR, value VARCHAR, type VARCHAR)[]'
    record = "to_json(came)::VARCHAR" if bad else "NULL::VARCHAR"
    return f"""
        SELECT _row, * EXCLUDE (_row, _bad, _record), CASE WHEN len(_bad) > 0 THEN _bad END AS _bad, CASE WHEN len(_bad) > 0 THEN _record END AS _record
        FROM (SELECT row_number() OVER () AS _row, {", ".join(cells)}, {marked} AS _bad, {record} AS _record FROM ({query}) AS came)"""


def _cell(column: Column, kind: str | None) -> str:
    name = quoted(column.name)
    if kind is None:
        return f"NULL::{column.sql_type} AS {name}"
    cell = name if kind == column.sql_type else f"TRY_CAST({name} AS {column.sql_type})"
    if column.sql_type in ("DOUBLE", "FLOAT"):  # a NaN is a missing number
        cell = f"CASE WHEN isnan({cell}) THEN NULL ELSE {cell} END"
    return f"{cell} AS {name}"


def _mismatch(column: Column, kind: str) -> str:
    """A struct for a cell that does not have the declared type, else NULL. 1.5 is no integer, though SQL would round it."""
    name, wanted = quoted(column.name), column.sql_type
    wrong = f"{name} IS NOT NULL AND TRY_CAST({name} AS {wanted}) IS NULL"
    if wanted.endswith(("INT", "INTEGER")) and (kind in ("VARCHAR", "DOUBLE", "FLOAT") or kind.startswith("DECIMAL")):
        wrong = f"({wrong}) OR TRY_CAST({name} AS DOUBLE) <> TRY_CAST(TRY_CAST({name} AS {wanted}) AS DOUBLE)"
    return f"CASE WHEN {wrong} THEN {{'column': {literal(column.name)}, 'value': {name}::VARCHAR, 'type': {literal(wanted)}}} END"


def _content(cursor: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """A hash of all that came, in its order."""
    staged = [literal(str(folder / name)) for name in ("rows.parquet", "rejects.parquet")]
    sums = [cursor.execute(f"SELECT count(*), sum(hash(came)::HUGEINT) FROM read_parquet({file}) AS came").fetchall() for file in staged]
    return hashlib.sha256(repr(sums).encode()).hexdigest()
