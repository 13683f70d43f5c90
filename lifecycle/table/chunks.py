"""The valid rows of a snapshot in their order, some at a time, so that memory holds a part of them, whatever they are."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.errors import DataError
from lifecycle.references import Snapshot
from lifecycle.store.lake import Lake, quoted
from lifecycle.table.raw import key_sql

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

CHUNK_ROWS = 500_000
"""About so many rows are in a chunk."""
SAMPLED = 50_000
"""Rows whose places tell where to cut."""


def valid(store: Lake, use_case: "UseCase", snapshot: Snapshot) -> Iterator[tuple[pl.DataFrame, int]]:
    """The rows of a snapshot in order of time, else in that of their `order`, else of key, with `_key` and `_hash` (uniform in [0, 1), for the split).

    Yields:
        The rows of a chunk, with those of the `history` before it in front; and how many these are. Rows of one moment are
        in one chunk.
    """
    along, key = use_case.columns.one("time") or use_case.columns.one("order"), use_case.columns.one("key") or "_key"
    place, order = quoted(along or key), [name for name in (along, key) if name]
    query = _query(use_case, snapshot)
    _all_there(store, use_case, snapshot)
    lines = [None, *_cuts(store, use_case, snapshot, place), None]
    for first, last in pairwise(lines):
        start = first - use_case.history if use_case.history and first is not None else first
        limits = [(f"{place} >= ?", start)] if first is not None else []
        limits += [(f"{place} < ?", last)] if last is not None else []
        some = " AND ".join(limit for limit, _ in limits) or "true"
        none = f" OR {place} IS NULL" if first is None else ""
        rows = store.frame(f"{query} WHERE ({some}){none}", [value for _, value in limits]).sort(order)
        before = int((rows[order[0]] < first).sum()) if use_case.history and first is not None else 0
        if rows.height > before:
            yield rows, before


def of_keys(store: Lake, use_case: "UseCase", snapshot: Snapshot, keys: pl.Series) -> pl.DataFrame:
    """The rows of a snapshot with these keys, as `valid` gives them, in the order of the keys."""
    rows = store.frame(f"FROM ({_query(use_case, snapshot)}) WHERE list_contains(?, _key)", [keys.cast(pl.String).to_list()])
    return keys.cast(pl.String).to_frame("_key").join(rows, on="_key", how="inner", maintain_order="left").select(rows.columns)


def between(store: Lake, use_case: "UseCase", snapshot: Snapshot, first: dt.datetime, last: dt.datetime) -> pl.DataFrame:
    """The rows of a snapshot from a span of time and from the `history` before it, as `valid` gives them."""
    time = quoted(use_case.columns.one("time") or "")
    start = first - use_case.history if use_case.history else first
    return store.frame(f"{_query(use_case, snapshot)} WHERE {time} >= ? AND {time} <= ?", [start, last])


def _query(use_case: "UseCase", snapshot: Snapshot) -> str:
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    return f"""SELECT {names}, {key_sql(use_case)} AS _key, {_uniform(use_case)} AS _hash
        FROM {use_case.name}.{snapshot.table} AT (VERSION => {snapshot.version})"""


def _all_there(store: Lake, use_case: "UseCase", snapshot: Snapshot) -> None:
    """Refuse a schema with columns that no load has brought yet."""
    found = store.rows(f"DESCRIBE SELECT * FROM {use_case.name}.{snapshot.table} AT (VERSION => {snapshot.version})")
    there = {row[0] for row in found}
    if missing := [name for name in use_case.columns.names if name not in there]:
        raise DataError(
            f"use case '{use_case.name}': the rows in the lake lack the column{'s' * (len(missing) > 1)} {', '.join(missing)} of"
            f" schemas/{use_case.name}.py; load them first: lifecycle ingest {use_case.name}"
        )


def _cuts(store: Lake, use_case: "UseCase", snapshot: Snapshot, place: str) -> list[Any]:
    """Places that cut the rows into chunks of about one size, told by a sample that is the same every time."""
    chunks = -(-snapshot.rows // use_case.columns.at_once(CHUNK_ROWS))
    if chunks < 2:
        return []
    sample = store.frame(
        f"""SELECT {place} AS place FROM {use_case.name}.{snapshot.table} AT (VERSION => {snapshot.version})
        WHERE _content % {max(snapshot.rows // SAMPLED, 1)} = 0 AND {place} IS NOT NULL ORDER BY 1"""
    )["place"]
    at = [len(sample) * number // chunks for number in range(1, chunks)]
    return sample.gather([number for number in at if number < len(sample)]).unique(maintain_order=True).to_list()


def _uniform(use_case: "UseCase") -> str:
    """SQL for a number in [0, 1) that a group, else a key, else a row's content always has; some splits need none."""
    column = use_case.split.hashed(use_case)
    if column is None:
        return "NULL::DOUBLE"
    column = column or use_case.columns.one("key")
    hashed = quoted(column) if column else "split_part(_key, '-', 1)"
    return uniform(f"'{use_case.seed}/' || coalesce(CAST({hashed} AS VARCHAR), '')")


def uniform(text: str) -> str:
    """SQL for a number in [0, 1) that a text, given as SQL, always has."""
    return f"(md5_number_lower({text}) >> 11)::DOUBLE / {1 << 53}"
