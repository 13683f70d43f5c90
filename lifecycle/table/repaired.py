"""The rows in quarantine that are tried again: all that are there, or those of an exported file that was repaired."""

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lifecycle.errors import DataError, LifecycleError
from lifecycle.store.lake import lake, literal, quoted
from lifecycle.table import casting, quarantine

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

TRIED = "lifecycle_tried"
"""Temporary table: the rows that are tried, newest batch first, by a number of their own, which is their place when staged."""
NAMES = ("_batch", "_row")


def open_all(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase") -> int:
    """All readable rows in quarantine, as they came."""
    names = quarantine.known_columns(lake(), use_case.name)
    listed = "".join(f", {quarantine.cell('CASE WHEN NOT unreadable THEN record END', name)} AS {quoted(name)}" for name in names)
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE {TRIED} AS
        SELECT row_number() OVER (ORDER BY batch DESC, row) AS lifecycle_number, batch AS lifecycle_batch, row AS lifecycle_row,
        source AS lifecycle_source{listed} FROM ({quarantine.waiting(use_case.name)}) WHERE NOT unreadable ORDER BY 1""")
    return 0


def open_file(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", file: Path) -> int:
    """The rows of a repaired export that are in quarantine; returns how many others have left it before."""
    there = _read(cursor, file)
    if lacking := [name for name in NAMES if name not in there]:
        raise LifecycleError(
            f"the file {file} lacks the column {lacking[0]}, which names the rows in quarantine; repair an export of 'lifecycle quarantine'"
        )
    names = [name for name in there if not name.startswith("_")]
    casting.fits(use_case, dict.fromkeys(names, "VARCHAR"), str(file))
    given = "SELECT *, TRY_CAST(_batch AS BIGINT) AS lifecycle_batch, TRY_CAST(_row AS BIGINT) AS lifecycle_row FROM lifecycle_repaired"
    known = f"SELECT DISTINCT batch, row FROM {use_case.name}.quarantine"
    _refuse_rows(
        cursor,
        file,
        f"{given} WHERE (lifecycle_batch, lifecycle_row) NOT IN ({known}) OR lifecycle_batch IS NULL OR lifecycle_row IS NULL",
        "is not in quarantine",
    )
    _refuse_rows(cursor, file, f"{given} QUALIFY row_number() OVER (PARTITION BY lifecycle_batch, lifecycle_row) > 1", "comes twice")
    listed = "".join(f", g.{quoted(name)}" for name in names)
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE {TRIED} AS
        SELECT row_number() OVER (ORDER BY batch DESC, row) AS lifecycle_number, lifecycle_batch, lifecycle_row, source AS lifecycle_source{listed}
        FROM ({given}) g JOIN ({quarantine.waiting(use_case.name)}) w ON w.batch = g.lifecycle_batch AND w.row = g.lifecycle_row ORDER BY 1""")
    counted = cursor.execute(f"SELECT (SELECT count(*) FROM lifecycle_repaired) - (SELECT count(*) FROM {TRIED})").fetchall()[0]
    return int(counted[0])


def _read(cursor: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    """The file as the temporary view `lifecycle_repaired`, all text; returns its columns."""
    path = literal(str(file))
    if not file.is_file():
        raise LifecycleError(f"the file {file} does not exist; name an export of 'lifecycle quarantine' that was repaired")
    reader = f"read_parquet({path})" if file.suffix.lower() == ".parquet" else f"read_csv({path}, all_varchar=true, header=true)"
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE lifecycle_repaired AS SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {reader}")
    except duckdb.Error as error:
        raise LifecycleError(
            f"the file {file} cannot be read ({' '.join(str(error).split())}); repair an export of 'lifecycle quarantine'"
        ) from error
    return [row[0] for row in cursor.execute("DESCRIBE lifecycle_repaired").fetchall()]


def _refuse_rows(cursor: duckdb.DuckDBPyConnection, file: Path, wrong: str, why: str) -> None:
    if found := cursor.execute(f"SELECT _batch, _row FROM ({wrong}) LIMIT 1").fetchall():
        batch, row = found[0]
        raise DataError(
            f"the file {file}: the row with _batch={batch} and _row={row} {why}, so nothing was loaded; leave these two columns as exported"
        )
