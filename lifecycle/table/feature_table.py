"""The feature table: model inputs of valid rows by the definition's one stateless function, and beside them what stages need to know of each row."""

import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.columns import hidden
from lifecycle.dataset import Rows, info_columns
from lifecycle.dependencies.watched import Remembered
from lifecycle.references import Features, Snapshot
from lifecycle.store.lake import Lake, lake, quoted
from lifecycle.table import chunks

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

PLACE = "_place"
"""The column that keeps the rows' order: the lake promises none."""
OWN = ("_key", "_hash", "_time")
INFO = "_info_"
WHOLE = 2_000_000
"""A table of at most so many rows is held in memory as a whole."""
_newest: dict[str, "_Table"] = {}
_guard = threading.Lock()


def again(use_case: "UseCase", snapshot: Snapshot) -> Iterator[Rows]:
    """The features of a snapshot by the definition as it is now, some rows at a time, written nowhere."""
    for table in tables_of(lake(), use_case, snapshot):
        yield _as_rows(use_case, table, tuple(name for name in table.columns if not name.startswith("_")))


def compute(use_case: "UseCase", rows: pl.DataFrame) -> pl.DataFrame:
    """The model inputs of valid rows, in their order: the definition's function, its result checked.

    Args:
        rows: the columns of the schema; where the use case looks back, with the rows of its `history` before them.
    """
    inputs = use_case.features(rows)
    if not isinstance(inputs, pl.DataFrame) or inputs.height != rows.height:
        found = f"{inputs.height} rows" if isinstance(inputs, pl.DataFrame) else type(inputs).__name__
        raise use_case.wrong(f"features() returns a Polars frame with a row for each of the {rows.height} rows it gets, found {found}")
    if shown := hidden(use_case.schema) & set(inputs.columns):
        raise use_case.wrong(f"features() must not return the target or its time, nor the place of a row, found {', '.join(sorted(shown))}")
    for name, dtype in inputs.schema.items():
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String) or _read_by_role(use_case, name, dtype)) or name.startswith("_"):
            raise use_case.wrong(f"features() returns numbers, Booleans and texts under names without a leading _, found {name}: {dtype}")
    return inputs.with_columns(_finite(tuple(name for name, dtype in inputs.schema.items() if dtype.is_float())))


def _read_by_role(use_case: "UseCase", name: str, dtype: pl.DataType) -> bool:
    """Whether a role of the schema's column of this name turns such an input into numbers."""
    return name in use_case.columns and any(role.encodes(dtype) for role in use_case.columns[name].roles)


@lru_cache(maxsize=64)
def _finite(names: tuple[str, ...]) -> list[pl.Expr]:
    """What is no finite number is missing. Kept, for the expressions cost a single row more than their work."""
    return [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in names]


def read(use_case: "UseCase", features: Features) -> Rows:
    """The whole feature table of a reference; the newest one read stays in memory, if it is not large."""
    store = lake()
    with _guard:
        known = _newest.get(_name(store, features))
    if known is not None:
        return known.rows(use_case, features.names)
    table = store.frame(f"FROM {use_case.name}.features AT (VERSION => {features.version})")
    table = table.sort(PLACE) if PLACE in table.columns else table  # a table of an older version is in its order
    return remember(store, features, table).rows(use_case, features.names)


def pieces(use_case: "UseCase", features: Features) -> Iterator[Rows]:
    """The feature table of a reference: all of it at once, or where it is large some rows at a time, in its order."""
    if features.rows <= WHOLE:
        yield read(use_case, features)
        return
    for first in range(0, features.rows, chunks.CHUNK_ROWS):
        some = f"{PLACE} BETWEEN {first} AND {first + chunks.CHUNK_ROWS - 1}"
        table = lake().frame(f"FROM {use_case.name}.features AT (VERSION => {features.version}) WHERE {some}")
        yield _as_rows(use_case, table.sort(PLACE), features.names)


def columns(use_case: "UseCase", features: Features, names: Sequence[str]) -> pl.DataFrame:
    """Some columns of `Rows.info` for the whole table."""
    if features.rows <= WHOLE:
        return read(use_case, features).info.select(names)
    chosen = ", ".join(quoted(name if name in OWN else INFO + name) for name in names)
    table = lake().frame(f"SELECT {chosen} FROM {use_case.name}.features AT (VERSION => {features.version}) ORDER BY {PLACE}")
    return table.rename({name: name.removeprefix(INFO) for name in table.columns})


def beside(use_case: "UseCase", features: Features, names: Sequence[str]) -> pl.DataFrame | None:
    """The same of any table, of an older model say, in no order and kept nowhere; `None` where it has not all of them."""
    there = lake().frame(f"FROM {use_case.name}.features AT (VERSION => {features.version}) LIMIT 0").columns
    wanted = [name if name in OWN else INFO + name for name in names]
    if not set(wanted) <= set(there):
        return None
    table = lake().frame(f"SELECT {', '.join(map(quoted, wanted))} FROM {use_case.name}.features AT (VERSION => {features.version})")
    return table.rename({name: name.removeprefix(INFO) for name in wanted})


def tables_of(store: Lake, use_case: "UseCase", snapshot: Snapshot) -> Iterator[pl.DataFrame]:
    """What the feature table holds, chunk by chunk."""
    first: pl.Schema | None = None
    done = 0
    for rows, before in chunks.valid(store, use_case, snapshot):
        made = compute(use_case, rows)
        if first is not None and made.schema != first:
            other = next(name for name in made.columns if first.get(name) != made.schema[name])
            raise use_case.wrong(f"features() returns the same columns and types for any rows, found {other}: {made.schema[other]} in some")
        first = made.schema
        yield pl.concat([_beside(use_case, rows), made], how="horizontal")[before:].with_row_index(PLACE, done)
        done += rows.height - before


def _beside(use_case: "UseCase", rows: pl.DataFrame) -> pl.DataFrame:
    time = use_case.columns.one("time")
    own = rows.select("_key", "_hash", *([pl.col(time).cast(pl.Datetime("us")).alias("_time")] if time else []))
    info = rows.select(pl.col(name).alias(INFO + name) for name in info_columns(use_case.columns, use_case.carried))
    return pl.concat([own, info], how="horizontal")


def _as_rows(use_case: "UseCase", table: pl.DataFrame, names: tuple[str, ...]) -> Rows:
    info = table.select(name for name in table.columns if name in OWN or name.startswith(INFO))
    info = info.rename({name: name.removeprefix(INFO) for name in info.columns})
    y = use_case.kind.encode(use_case, info[use_case.target]) if use_case.target else np.zeros((info.height, 0))
    return Rows(table.select(names), y, info)


class _Table:
    """A feature table in memory, and its rows as the definition takes them."""

    def __init__(self, table: pl.DataFrame) -> None:
        self.table = table
        self.made = Remembered()

    def rows(self, use_case: "UseCase", names: tuple[str, ...]) -> Rows:
        return self.made.get(use_case, lambda seen: _as_rows(seen, self.table, names))


def remember(store: Lake, features: Features, table: pl.DataFrame) -> _Table:
    """Keep the feature table of a reference in memory, in place of the one before; it is nearly always the next that is read."""
    made = _Table(table)
    if table.height <= WHOLE:
        with _guard:
            _newest.clear()
            _newest[_name(store, features)] = made
    return made


def let_go() -> None:
    """Keep no table in memory: somebody was erased from it."""
    with _guard:
        _newest.clear()


def _name(store: Lake, features: Features) -> str:
    return f"{store.identity}/{features.use_case}/{features.version}"
