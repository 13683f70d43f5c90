"""Sources as DuckDB relations: everything arrives as the table `rows`, text where a file has no types."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from lifecycle import files
from lifecycle.errors import DataError, LifecycleError
from lifecycle.lake import literal, load, quoted, use_s3
from lifecycle.sources import File, Files, Generated, Query, Source

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.usecase import UseCase

LONGEST_LINE = 16 << 20
REJECTS = "lifecycle_rejects"
TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".zst")


def chosen(use_case: "UseCase", source: str | None) -> Source:
    """The definition's source, or what was asked for in its place: a file, SQL, or parameters of a generator.

    Args:
        source: a path, glob or address; a query that starts with SELECT or FROM; or `rows=1000000,seed=3`.
    """
    own = use_case.source
    if source is None:
        return own
    if source.lstrip().upper().startswith(("SELECT ", "FROM ", "WITH ")):
        return Query(source)
    if isinstance(own, Generated) and "=" in source and not Path(source).exists():
        return Generated(own.function, {**own.parameters, **_parameters(source)}, own.deterministic, own.select)
    template = own.files[0] if isinstance(own, Files) else File("")
    select = own.select if not isinstance(own, Query) else "FROM rows"
    return Files((File(source, template.header, template.null, template.add),), select)


def there(source: Source) -> None:
    """Raise the error for a file that is nowhere, before anything is started for it."""
    for file in source.files if isinstance(source, Files) else ():
        files.locate(file)


def named(source: Source) -> str:
    """A name of the source for the ledger."""
    if isinstance(source, Files):
        return ", ".join(file.path for file in source.files)
    if isinstance(source, Query):
        return source.select
    parameters = ",".join(f"{key}={value}" for key, value in source.parameters.items())
    return f"{source.function.__name__}({parameters})"


def relation(cursor: duckdb.DuckDBPyConnection, source: Source) -> str:
    """SQL that gives the rows of a source; lines that cannot be read go to the temporary table of rejects."""
    cursor.execute(f'CREATE OR REPLACE TEMP TABLE {REJECTS} (row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR)')
    if isinstance(source, Query):
        return source.select
    if isinstance(source, Files):
        parts = [_file(cursor, file) for file in source.files]
        return f"WITH rows AS ({' UNION ALL BY NAME '.join(parts)}) {source.select}"
    cursor.register("lifecycle_generated", _stream(source))
    return "FROM lifecycle_generated"


def keep_rejects(cursor: duckdb.DuckDBPyConnection) -> None:
    """After a CSV was read: move what DuckDB rejected to the table of rejects, a line once."""
    known = {row[0] for row in cursor.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}
    if "lifecycle_errors" not in known:
        return
    cursor.execute(f"""
        INSERT INTO {REJECTS} SELECT line, any_value(column_name), lower(any_value(error_type)::VARCHAR), NULL, any_value(csv_line)
        FROM lifecycle_errors GROUP BY scan_id, file_id, line""")
    cursor.execute("DROP TABLE lifecycle_errors; DROP TABLE lifecycle_scans")


def _file(cursor: duckdb.DuckDBPyConnection, file: File) -> str:
    path = files.locate(file)
    if path.startswith(("http://", "https://")):
        load(cursor, "httpfs")
    elif path.startswith("s3://"):
        use_s3(cursor)
    lower = path.lower()
    added = "".join(f", {literal(value)} AS {quoted(name)}" for name, value in file.add.items())
    if lower.endswith((".parquet", ".pq")):
        return f"SELECT *{added} FROM read_parquet({literal(path)})"
    if lower.endswith((".json", ".ndjson", ".jsonl")):
        return f"SELECT *{added} FROM read_json({literal(path)})"
    if lower.endswith(TEXT_SUFFIXES):
        return _csv(cursor, file, path, added)
    raise LifecycleError(f"the file {path} has an unknown kind; known are .csv, .tsv, .txt (also .gz, .zst), .parquet, .json, .ndjson")


def _csv(cursor: duckdb.DuckDBPyConnection, file: File, path: str, added: str) -> str:
    """A CSV file as trimmed text, with every bad line kept."""
    header = "false" if file.header else "true"
    try:
        found = cursor.execute(f"""SELECT Delimiter, Quote, Escape, Columns FROM sniff_csv({literal(path)}, header={header},
            all_varchar=true, ignore_errors=true, strict_mode=true, max_line_size={LONGEST_LINE})""").fetchall()[0]
    except duckdb.Error as error:
        if Path(path).exists() and Path(path).stat().st_size == 0:
            raise DataError(f"the file {path} is empty; give one with a header line and rows") from None
        raise DataError(f"the file {path} cannot be read as CSV ({_first_line(error)}); check its delimiter, quotes and encoding (UTF-8)") from error
    names = list(file.header) if file.header else [column["name"] for column in found[3]]
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    dialect = ", ".join(
        f"{key}={literal('' if value == '(empty)' else value)}" for key, value in zip(("delim", "quote", "escape"), found[:3], strict=True)
    )
    missing = ", ".join(literal(value) for value in dict.fromkeys(("", *file.null)))
    cells = ", ".join(f"CASE WHEN trim({quoted(name)}) IN ({missing}) THEN NULL ELSE trim({quoted(name)}) END AS {quoted(name)}" for name in names)
    return f"""SELECT {cells}{added} FROM read_csv({literal(path)}, header={header}, auto_detect=false, columns={{{columns}}}, {dialect},
        max_line_size={LONGEST_LINE}, store_rejects=true, rejects_table='lifecycle_errors', rejects_scan='lifecycle_scans', rejects_limit=0)"""


def _stream(source: Generated) -> Any:
    """The frames of a generator as one Arrow stream, read as they come: memory holds one at a time."""
    import pyarrow as pa

    frames = iter(source.function(**source.parameters))
    first = next(frames, None)
    if first is None:
        raise DataError(f"the source {named(source)} yields no rows; check its parameters")
    schema = first.to_arrow().schema

    def batches() -> Iterator[Any]:
        for frame in chain([first], frames):
            yield from _cast(frame, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _cast(frame: "pl.DataFrame", schema: Any) -> Any:
    return frame.to_arrow().cast(schema).to_batches()


def _parameters(text: str) -> dict[str, Any]:
    """`rows=1000,start=2026-01-01` as keyword arguments: Python literals where they are some, else text."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            found[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            found[name.strip()] = value.strip()
    return found


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
