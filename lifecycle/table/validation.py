"""Whether staged rows are valid: each by itself, and those of one key together; why they are not is in a table of failures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from lifecycle.columns import broken, parsed
from lifecycle.errors import DataError
from lifecycle.store.lake import lake, literal, quoted
from lifecycle.table.batch_reader import staged
from lifecycle.table.load import FAILURES, repeated
from lifecycle.table.raw import record_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

CHUNK_ROWS = 500_000  # rows that Pandera sees at a time


def rules(use_case: "UseCase") -> str:
    """What a batch is judged by, as text: types, checks and limits. The same batch under other rules is judged again."""
    checks = [
        (name, str(column.dtype), column.nullable, [str(check) for check in column.checks])
        for name, column in parsed(use_case.schema).columns.items()
    ]
    return json.dumps([checks, use_case.bad_rows, use_case.columns.one("key"), repr(use_case.surprises)])


def open_batch(cursor: duckdb.DuckDBPyConnection, folder: str) -> None:
    """A staged batch as the view `staged`, and no failures yet."""
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW staged AS {staged(Path(folder))}")
    cursor.execute(f'CREATE OR REPLACE TEMP TABLE {FAILURES} (row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR)')


def judge(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", folder: str) -> None:
    """Judge every staged row by itself; why rows fail is in the table of failures."""
    _judge_cells(cursor)
    _judge_rows(cursor, use_case, folder)


def _judge_cells(cursor: duckdb.DuckDBPyConnection) -> None:
    """Cells that lack their declared type."""
    cursor.execute(f"""INSERT INTO {FAILURES} SELECT _row, cell."column", 'type ' || cell.type, cell.value, _record
        FROM (SELECT _row, _record, unnest(_bad) AS cell FROM staged WHERE _bad IS NOT NULL)""")


def _judge_rows(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", folder: str) -> None:
    """Pandera's checks, on eager frames: on lazy ones it would look at types only."""
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    reader = (
        lake()
        .aside()
        .execute(f"SELECT _row, {names} FROM ({staged(Path(folder))}) WHERE _bad IS NULL")
        .to_arrow_reader(use_case.columns.at_once(CHUNK_ROWS))
    )
    for batch in reader:
        frame = pl.DataFrame(pl.from_arrow(batch))
        found = [each for each in (failing(use_case, frame), _refused(use_case, frame)) if each is not None]
        if not found:
            continue
        failures = pl.concat(found)
        cursor.register("failures", failures)
        cursor.execute(f"""INSERT INTO {FAILURES} SELECT f.row, f."column", f."check", f.value, NULL FROM failures f""")
        cursor.unregister("failures")
    cursor.execute(f"""UPDATE {FAILURES} SET record = s.record
        FROM (SELECT _row, {record_sql(use_case)} AS record FROM staged WHERE _row IN (SELECT row FROM {FAILURES} WHERE record IS NULL)) s
        WHERE {FAILURES}.row = s._row AND {FAILURES}.record IS NULL""")


def failing(use_case: "UseCase", frame: pl.DataFrame) -> pl.DataFrame | None:
    """Every failing cell of a frame that has its row numbers in `_row`; `None` where all rows are valid."""
    cases = broken(parsed(use_case.schema), frame.drop("_row"))
    if cases.is_empty():
        return None
    whole = cases.filter(pl.col("index").is_null())
    if not whole.is_empty():
        raise DataError(
            f"use case '{use_case.name}': the check '{whole['check'][0]}' of column '{whole['column'][0]}' must say of each row whether it is "
            f"valid, found {whole['failure_case'][0]}; fix the schema"
        )
    return cases.select(
        row=frame["_row"].gather(cases["index"].cast(pl.Int64)),
        column=pl.col("column").cast(pl.String),
        check=pl.col("check").cast(pl.String),
        value=pl.col("failure_case").cast(pl.String),
    )


def _refused(use_case: "UseCase", frame: pl.DataFrame) -> pl.DataFrame | None:
    """The same for cells that a role of their column refuses."""
    found = [
        {"row": row, "column": column.name, "check": why, "value": f"{len(cell):,} bytes" if isinstance(cell, bytes) else str(cell)}
        for column in use_case.columns.all
        if column.judged
        for row, cell in zip(frame["_row"], frame[column.name], strict=True)
        if cell is not None and (why := column.wrong(cell))
    ]
    return pl.DataFrame(found, schema={"row": frame.schema["_row"], **dict.fromkeys(("column", "check", "value"), pl.String)}) if found else None


def judge_keys(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> bool:
    """Rows of one batch that share a key but differ: the first stays, the others are quarantined. Returns whether a key is repeated."""
    key = use_case.columns.one("key")
    if not key or not repeated(cursor, quoted(key), "staged"):
        return False
    valid = f"(SELECT * FROM staged WHERE _row NOT IN (SELECT row FROM {FAILURES}))"
    twice = f"(SELECT {quoted(key)} FROM {valid} GROUP BY 1 HAVING count(*) > 1)"
    cursor.execute(f"""INSERT INTO {FAILURES}
        SELECT _row, {literal(key)}, 'unique key (differs from row ' || first_row || ')', {quoted(key)}::VARCHAR, {record_sql(use_case)} FROM (
            SELECT *, first_value(_row) OVER w AS first_row, _content <> first_value(_content) OVER w AS differs
            FROM {valid} WHERE {quoted(key)} IN {twice} WINDOW w AS (PARTITION BY {quoted(key)} ORDER BY _row)) AS came
        WHERE differs""")
    return True
