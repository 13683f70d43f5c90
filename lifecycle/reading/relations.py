"""Sources as DuckDB relations: everything arrives as the table `rows`, text where a file has no types."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lifecycle.errors import LifecycleError
from lifecycle.reading import csv, databases, excel, file_types, files, json, level, plain_text, rejects
from lifecycle.reading.increments import New
from lifecycle.reading.reader import Reader, opened, unclosed
from lifecycle.source import PLAIN, File, Source
from lifecycle.store.lake import literal, quoted, use_s3

if TYPE_CHECKING:
    pass

__all__ = ["of_file", "opened", "relation", "selected", "there"]


def there(source: Source) -> None:
    """Raise the error for a file that is nowhere, before anything is started for it."""
    for part in source.parts():
        for file in part.named_files():
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
    query = source.read(reader, new)
    if new.window is None:
        return query
    there = {name: file_type for name, file_type, *_ in cursor.execute(f"DESCRIBE ({query})").fetchall()}
    if new.window.column not in there:
        raise LifecycleError(f"the source {source.name} lacks its incremental column '{new.window.column}' (it has {', '.join(there)})")
    return f"SELECT * FROM ({query}) WHERE {new.window.where(there[new.window.column])}"


def selected(rows: str, select: str) -> str:
    """SQL for the rows of a source with its own `select` over them."""
    return rows if select == PLAIN else f"WITH rows AS ({rows}) {select}"


def of_file(reader: Reader, file: File, new: New) -> Iterator[str]:
    """SQL over the files that one definition of a file names: those of one kind that follow each other together."""
    paths = [path for path in files.found(file) if new.paths is None or path in new.paths]
    ready = [_ready(reader, file, path) for path in paths]
    for file_type, group in groupby(ready, key=lambda each: each[0]):
        places = [path for _, path in group]
        if file_type == "parquet":
            yield _parquet(reader, file, places)
        elif file_type == "csv":
            yield csv.part(reader, file, [Path(path) for path in places])
        else:
            yield " UNION ALL BY NAME ".join(_one(reader, file_type, file, Path(path)) for path in places)


def _one(reader: Reader, file_type: str, file: File, path: Path) -> str:
    if file_type == "json":
        return json.part(reader, file, path)
    if file_type == "excel":
        return excel.part(reader, file, path)
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    return f"SELECT *{added} FROM ({databases.sqlite(reader, str(path), file.path, file.table)})"


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
    file_type = file.kind or file_types.kind_of(unpacked, path)
    if file_type in ("csv", "json"):
        unpacked = plain_text.plain(unpacked, path, file.encoding, reader.copy(f".{file_type}"))
    if str(unpacked) != path:
        reader.original[str(unpacked)] = path
    return file_type, str(unpacked)


def _parquet(reader: Reader, file: File, paths: list[str]) -> str:
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    listed = ", ".join(literal(path) for path in paths)
    return level.leveled(reader.cursor, f"FROM read_parquet([{listed}], union_by_name={len(paths) > 1})", file.null, added)
