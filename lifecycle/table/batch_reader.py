"""A batch: the rows of a source, every cell with its declared type, staged as Parquet; what has no such type is marked, not lost."""

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lifecycle.errors import DataError
from lifecycle.reading import credentials, increments, level, rejects, relations
from lifecycle.reading.increments import New, NothingNew
from lifecycle.reading.reader import Reader
from lifecycle.reading.rejects import REJECTS
from lifecycle.references import Batch
from lifecycle.source import PLAIN, Source
from lifecycle.sources import spelling
from lifecycle.store import staging
from lifecycle.store.lake import lake, literal
from lifecycle.table import casting

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

STAGED = "FORMAT parquet, DICTIONARY_SIZE_LIMIT 1"  # it is read twice and thrown away: looking for repeated values costs more than it saves


def read(use_case: "UseCase", source: str | None = None) -> Batch:
    """Read the rows of a use case (of `source` in place of its own) and stage them as typed Parquet.

    Of an incremental source only what is new; where that is nothing, the batch has no rows.

    Raises:
        LifecycleError: the source is not there, a declared column is missing from it, or it has one that the definition refuses.
    """
    origin = spelling.chosen(use_case, source)
    name = origin.name
    cursor = lake().cursor()
    after = increments.newest(cursor, use_case.name, name)  # before what is new is asked for: a load in between is then seen
    new = increments.new(use_case, origin, name)
    folder = staging.folder(use_case.name)
    try:
        came, unknown = (0, ()) if new.nothing else _stage(cursor, use_case, origin, new, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Batch(
        use_case=use_case.name, source=name, content=_content(cursor, folder, unknown, new) if came else "", folder=str(folder),
        rows=came, given=source, new_columns=unknown, files=new.files, adds=new.adds, after=after,
        reached=increments.reached(cursor, origin, str(folder / "rows.parquet")) if came else None,
    )  # fmt: skip


def staged(folder: Path) -> str:
    """SQL for staged rows with `_row`: their place in the file, from 1, which is that in the source."""
    rows = literal(str(folder / "rows.parquet"))
    return f"SELECT file_row_number + 1 AS _row, * EXCLUDE (file_row_number) FROM read_parquet({rows}, file_row_number=true)"


def _stage(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", origin: Source, new: New, folder: Path) -> tuple[int, tuple[str, ...]]:
    """Write `rows.parquet` and `rejects.parquet`; returns how many rows came, and the columns that the schema does not know."""
    name = origin.name
    with relations.opened(cursor, folder / "copies", frozenset(use_case.columns.names)) as reader:
        try:
            unknown = _read(reader, use_case, origin, new, folder / "rows.parquet")
        except NothingNew:
            return 0, ()
        except duckdb.Error as error:
            if reader.failed:
                raise reader.failed from None
            raise DataError(f"use case '{use_case.name}': the source {name} cannot be read: {_said(error)}; fix the source") from None
    cursor.execute(f"COPY {REJECTS} TO {literal(str(folder / 'rejects.parquet'))} (FORMAT parquet)")
    counted = cursor.execute(
        f"SELECT (SELECT count(*) FROM read_parquet({literal(str(folder / 'rows.parquet'))})) + (SELECT count(*) FROM {REJECTS})"
    ).fetchall()[0]
    came = int(counted[0])
    if came == 0 and new.window is None:
        raise DataError(f"use case '{use_case.name}': the source {name} has no rows; give one that has")
    return came, unknown


def _read(reader: Reader, use_case: "UseCase", origin: Source, new: New, to: Path) -> tuple[str, ...]:
    """Write the typed rows; once more for each quote that had swallowed the lines after it. Returns the columns that the schema does not know."""
    while True:
        query = relations.relation(reader.cursor, origin, reader, new)
        there = {name: kind for name, kind, *_ in reader.cursor.execute(f"DESCRIBE ({query})").fetchall()}
        unknown = casting.fits(use_case, there, origin.name)
        query = level.spelled(query, there, use_case.columns, derived=origin.select != PLAIN)
        reader.cursor.execute(f"COPY ({casting.typed(use_case, there, query)}) TO {literal(str(to))} ({STAGED})")
        if not rejects.keep(reader):
            return unknown


def _said(error: duckdb.Error) -> str:
    """What DuckDB says, in a line, without secrets."""
    return credentials.hidden(" ".join(str(error).partition("LINE 1:")[0].split()))[:500]


def _content(cursor: duckdb.DuckDBPyConnection, folder: Path, unknown: tuple[str, ...], new: New) -> str:
    """A hash of all that came, in its order, and of what was asked for: equal rows of another file are other rows."""
    unread = literal(str(folder / "rejects.parquet"))
    sums = [
        cursor.execute(f"SELECT count(*), sum(hash(_row, _content, _bad, _extra)::HUGEINT) FROM ({staged(folder)})").fetchall(),
        cursor.execute(f"SELECT count(*), sum(hash(came)::HUGEINT) FROM read_parquet({unread}) AS came").fetchall(),
    ]
    asked = [new.window, new.files] if new.adds else []
    return hashlib.sha256(repr([sums, unknown, *asked] if unknown or asked else sums).encode()).hexdigest()
