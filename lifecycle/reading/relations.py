"""Sources as DuckDB relations: everything arrives as the table `rows`, text where a file has no types."""

import re
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from lifecycle.errors import DataError, LifecycleError
from lifecycle.reading import credentials, csv, databases, excel, files, json, kinds, level, plain_text, rejects
from lifecycle.reading.increments import New, NothingNew
from lifecycle.reading.reader import Reader, opened, unclosed
from lifecycle.reading.spelling import chosen, named
from lifecycle.sources import File, Files, Generated, Joined, Postgres, Query, Source, SQLite
from lifecycle.store.lake import literal, load, quoted, use_s3

if TYPE_CHECKING:
    import polars as pl

__all__ = ["chosen", "named", "opened", "relation", "there"]

PLAIN = "FROM rows"
NEEDED = {"sqlite": "sqlite_scanner", "xlsx": "excel", "http": "httpfs", "postgres": "postgres_scanner"}
"""Extensions that a query needs, by a word that it then has."""


def there(source: Source) -> None:
    """Raise the error for a file that is nowhere, before anything is started for it."""
    for part in source.sources.values() if isinstance(source, Joined) else [source]:
        for file in part.files if isinstance(part, Files) else [File(part.path)] if isinstance(part, SQLite) else ():
            files.locate(file)


def relation(cursor: duckdb.DuckDBPyConnection, source: Source, reader: Reader | None = None, new: New | None = None) -> str:
    """SQL that gives the rows of a source; lines that cannot be read go to the temporary table of rejects.

    Args:
        reader: where copies go and what is undone at the end; one of its own, which is never closed, by default.
        new: what of the source is asked for.

    Raises:
        LifecycleError: the source is not there, or cannot be what it should be.
    """
    if reader is None:
        reader = unclosed(cursor)
    rejects.begin(cursor)
    new = new or New()
    query = _relation(reader, source, new)
    if new.window is None:
        return query
    there = {name: kind for name, kind, *_ in cursor.execute(f"DESCRIBE ({query})").fetchall()}
    if new.window.column not in there:
        raise LifecycleError(f"the source {named(source)} lacks its incremental column '{new.window.column}' (it has {', '.join(there)})")
    return f"SELECT * FROM ({query}) WHERE {new.window.where(there[new.window.column])}"


def _relation(reader: Reader, source: Source, new: New) -> str:
    if isinstance(source, Query):
        return _query(reader, credentials.resolved(source.select))
    if isinstance(source, Generated):
        return level.leveled(reader.cursor, f"FROM {reader.register(_stream(reader, source, new))}")
    if isinstance(source, Joined):
        parts = ", ".join(f"{quoted(name)} AS ({_relation(reader, part, New())})" for name, part in source.sources.items())
        return f"WITH {parts} {source.select}"
    window = new.window if source.select == PLAIN else None
    if isinstance(source, Postgres):
        rows = databases.postgres(reader, source, window)
    elif isinstance(source, SQLite):
        rows = databases.sqlite(reader, files.locate(File(source.path)), source, window)
    else:
        rows = " UNION ALL BY NAME ".join(part for file in source.files for part in _file(reader, file, new))
    return rows if source.select == PLAIN else f"WITH rows AS ({rows}) {source.select}"


def _file(reader: Reader, file: File, new: New) -> Iterator[str]:
    """SQL over the files that one definition of a file names: those of one kind that follow each other together."""
    paths = [path for path in files.found(file) if new.paths is None or path in new.paths]
    ready = [_ready(reader, file, path) for path in paths]
    for kind, group in groupby(ready, key=lambda each: each[0]):
        places = [path for _, path in group]
        if kind == "parquet":
            yield _parquet(reader, file, places)
        elif kind == "csv":
            yield csv.part(reader, file, [Path(path) for path in places])
        else:
            yield " UNION ALL BY NAME ".join(_one(reader, kind, file, Path(path)) for path in places)


def _one(reader: Reader, kind: str, file: File, path: Path) -> str:
    if kind == "json":
        return json.part(reader, file, path)
    if kind == "excel":
        return excel.part(reader, file, path)
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    return f"SELECT *{added} FROM ({databases.sqlite(reader, str(path), SQLite(file.path, file.table), None)})"


def _ready(reader: Reader, file: File, path: str) -> tuple[str, str]:
    """The kind of a file, and where DuckDB can read it: as it is, or a copy."""
    if path not in reader.ready:
        reader.ready[path] = _readied(reader, file, path)
    return reader.ready[path]


def _readied(reader: Reader, file: File, path: str) -> tuple[str, str]:
    if path.startswith("s3://") and path.lower().endswith((".parquet", ".pq")):
        use_s3(reader.cursor)
        return "parquet", path
    here = Path(path)
    if files.is_remote(path):
        from lifecycle.reading import remote

        here = remote.copy(file, path, reader.copy(".copy"))
    unpacked = plain_text.unpacked(here, path, reader.copy(".unpacked"))
    kind = file.kind or kinds.kind_of(unpacked, path)
    if kind in ("csv", "json"):
        unpacked = plain_text.plain(unpacked, path, file.encoding, reader.copy(f".{kind}"))
    if str(unpacked) != path:
        reader.original[str(unpacked)] = path
    return kind, str(unpacked)


def _parquet(reader: Reader, file: File, paths: list[str]) -> str:
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    listed = ", ".join(literal(path) for path in paths)
    return level.leveled(reader.cursor, f"FROM read_parquet([{listed}], union_by_name={len(paths) > 1})", file.null, added)


def _query(reader: Reader, select: str) -> str:
    """SQL over a query, which stands between brackets: what closes them and goes on with something else is no single query."""
    select = select.strip().rstrip(";")
    if len(duckdb.extract_statements(select)) != 1 or len(duckdb.extract_statements(f"SELECT * FROM ({select}\n)")) != 1:
        raise LifecycleError("the source is more than one SQL statement; write one query")
    for word, extension in NEEDED.items():
        if word in select.lower():
            load(reader.cursor, extension)
    if re.search(r"s3://", select, re.IGNORECASE):
        use_s3(reader.cursor)
    return level.leveled(reader.cursor, select)


def _stream(reader: Reader, source: Generated, new: New) -> Any:
    """The frames of a generator as one Arrow stream, read as they come: memory holds one at a time."""
    import pyarrow as pa

    asked: dict[str, Any] = {"since": new.since} if source.incremental else {}
    if new.until is not None:
        asked["until"] = new.until
    frames = iter(source.function(**source.parameters, **asked))
    first = next(frames, None)
    if first is None and new.since is not None:
        raise NothingNew
    if first is None:
        raise DataError(f"the source {named(source)} yields no rows; check its parameters")
    schema = first.to_arrow().schema

    def batches() -> Iterator[Any]:
        try:
            for frame in chain([first], frames):
                yield from _cast(frame, schema)
        except Exception as error:
            reader.failed = error  # DuckDB makes an error of its own out of it
            raise

    return pa.RecordBatchReader.from_batches(schema, batches())


def _cast(frame: "pl.DataFrame", schema: Any) -> Any:
    return frame.to_arrow().cast(schema).to_batches()
