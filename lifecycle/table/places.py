"""The places of rows that follow each other: a row without one is given the next when it first comes in, and keeps it."""

from typing import TYPE_CHECKING

import duckdb

from lifecycle.store.lake import literal, quoted
from lifecycle.table.raw import key_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

BEFORE, GIVEN = "lifecycle_places_before", "lifecycle_places_given"
"""Temporary tables: the places that rows of `raw` had before a load, by what identifies them; and those of its own rows, by their `_row`."""
LAST = f"(SELECT lifecycle_place FROM {BEFORE} WHERE lifecycle_key IS NULL)"
"""SQL for the last place of all."""


def keep(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", known: str = "false") -> None:
    """Remember the places that rows have, and the last one of all; before anything is deleted.

    Args:
        cursor: in the transaction of the load.
        use_case: the definition.
        known: SQL for which rows of `raw` come again.
    """
    place = use_case.columns.given
    if place is None:
        return
    table = f"{use_case.name}.raw"
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE {BEFORE} AS
        SELECT {key_sql(use_case)} AS lifecycle_key, {quoted(place)} AS lifecycle_place FROM {table} WHERE {known}
        UNION ALL SELECT NULL, coalesce(max({quoted(place)}), 0) FROM {table}""")
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {GIVEN} (_row BIGINT, lifecycle_place BIGINT)")


def give(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", source: str, key: str, fresh: str) -> tuple[str, str]:
    """Give the rows of a load their places. Returns SQL for the columns of the schema as they are inserted, and for the rows that have them.

    A row keeps the place that it had, else the one that it came with (out of quarantine); else it comes after all that were there, in the order
    of its batch. `keep` was called before.

    Args:
        cursor: in the transaction of the load.
        use_case: the definition.
        source: SQL for the rows, with their `_row`.
        key: SQL for what identifies a row of them.
        fresh: SQL for whether a row is inserted, if it is not there yet.
    """
    given = use_case.columns.given
    if given is None:
        return ", ".join(quoted(name) for name in use_case.columns.names), source
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE {GIVEN} AS
        SELECT _row, coalesce(place, {LAST} + row_number() OVER (PARTITION BY place IS NULL AND fresh ORDER BY _row)) AS lifecycle_place
        FROM (SELECT _row, coalesce(lifecycle_place, {quoted(given)}) AS place, {fresh} AS fresh FROM {source} LEFT JOIN {BEFORE} ON lifecycle_key = {key})""")
    cells = ", ".join(f"lifecycle_place AS {quoted(given)}" if name == given else quoted(name) for name in use_case.columns.names)
    return cells, f"{source} JOIN {GIVEN} USING (_row)"


def record(use_case: "UseCase", failures: str) -> tuple[str, str]:
    """SQL for the `record` of a row that goes into quarantine, and for the failures that have it.

    It has the place of the row before it, so that it is beside that when it comes out.
    """
    given = use_case.columns.given
    if given is None:
        return "record", failures
    place = f"json_object({literal(given)}, coalesce(lifecycle_place, {LAST} + row))"
    marked = f"CASE WHEN row > 0 AND json_valid(record) THEN json_merge_patch(record::JSON, {place})::VARCHAR ELSE record END"
    return marked, f"{failures} ASOF LEFT JOIN {GIVEN} ON row > _row"
