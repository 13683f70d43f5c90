"""The places of rows that follow each other: a row without one is given the next when it first comes in, and keeps it."""

from typing import TYPE_CHECKING

import duckdb

from lifecycle.store.lake import quoted
from lifecycle.table.raw import key_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

PLACES = "lifecycle_places"
"""Temporary table: the places that rows of `raw` have before a load, by what identifies the rows."""


def keep(cursor: duckdb.DuckDBPyConnection, use_case: "UseCase", replaced: str) -> None:
    """Remember the places of the rows that are about to be replaced, and the last place of all; before anything is deleted.

    Args:
        cursor: in the transaction of the load.
        use_case: the definition.
        replaced: SQL for which rows of `raw` these are.
    """
    place = use_case.columns.given
    if place is None:
        return
    table = f"{use_case.name}.raw"
    cursor.execute(f"""CREATE OR REPLACE TEMP TABLE {PLACES} AS SELECT {key_sql(use_case)} AS lifecycle_key, {quoted(place)} AS lifecycle_place FROM {table} WHERE {replaced}
        UNION ALL SELECT NULL, coalesce(max({quoted(place)}), 0) FROM {table}""")


def cells(use_case: "UseCase", source: str, key: str) -> tuple[str, str]:
    """SQL for the columns of the schema as they are inserted, and for the rows that have them.

    A row keeps the place that it came with, else the one that it had; else it comes after all that were there, in the order of its batch.

    Args:
        use_case: the definition.
        source: SQL for the rows, with their `_row`.
        key: SQL for what identifies a row of them.
    """
    given = use_case.columns.given
    if given is None:
        return ", ".join(quoted(name) for name in use_case.columns.names), source
    last = f"(SELECT lifecycle_place FROM {PLACES} WHERE lifecycle_key IS NULL)"
    place = f"coalesce(lifecycle_row.{quoted(given)}, lifecycle_place, {last} + _row) AS {quoted(given)}"
    listed = ", ".join(place if name == given else quoted(name) for name in use_case.columns.names)
    return listed, f"{source} AS lifecycle_row LEFT JOIN {PLACES} ON lifecycle_key = {key}"
