"""Featurize: from valid rows to model inputs, with the definition's one stateless function."""

import threading
from typing import TYPE_CHECKING

import polars as pl

from lifecycle.dataset import Rows, encode, info_columns
from lifecycle.lake import Lake, lake, quoted
from lifecycle.raw import key_sql
from lifecycle.references import Features, Snapshot
from lifecycle.splits import TimeSplit

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

OWN = ("_key", "_hash", "_time")
INFO = "_info_"
_newest: dict[str, Rows] = {}
_guard = threading.Lock()


def featurize(use_case: "UseCase", snapshot: Snapshot) -> Features:
    """Make the feature table of a snapshot: for every row its inputs, and beside them what the stages need to know of it.

    Raises:
        DefinitionError: `features` loses rows, shows the target, or returns something that is no model input.
    """
    store = lake()
    table, names = _table(store, use_case, snapshot)
    version = _write(store, use_case, table)
    made = Features(use_case=use_case.name, snapshot=snapshot, version=version, rows=table.height, names=names)
    _remember(store, made, _as_rows(use_case, table, names))
    return made


def again(use_case: "UseCase", snapshot: Snapshot) -> Rows:
    """The features of a snapshot by the definition as it is now, written nowhere."""
    return _as_rows(use_case, *_table(lake(), use_case, snapshot))


def compute(use_case: "UseCase", rows: pl.DataFrame) -> pl.DataFrame:
    """The model inputs of valid rows, in their order: the definition's function, its result checked.

    Args:
        rows: the columns of the schema; where the use case looks back, with the rows of its `history` before them.
    """
    inputs = use_case.features(rows)
    if not isinstance(inputs, pl.DataFrame) or inputs.height != rows.height:
        found = f"{inputs.height} rows" if isinstance(inputs, pl.DataFrame) else type(inputs).__name__
        raise use_case.wrong(f"features() returns a Polars frame with a row for each of the {rows.height} rows it gets, found {found}")
    hidden = {name for role in ("target", "label_time") for name in use_case.columns.having(role)}
    if shown := hidden & set(inputs.columns):
        raise use_case.wrong(f"features() must not return the target or its time, found {', '.join(sorted(shown))}")
    for name, dtype in inputs.schema.items():
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.String)) or name.startswith("_"):
            raise use_case.wrong(f"features() returns numbers, Booleans and texts under names without a leading _, found {name}: {dtype}")
    floats = [name for name, dtype in inputs.schema.items() if dtype.is_float()]
    return inputs.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)


def read(use_case: "UseCase", features: Features) -> Rows:
    """The whole feature table of a reference; the newest one read stays in memory."""
    store = lake()
    with _guard:
        known = _newest.get(_name(store, features))
    if known is not None:
        return known
    table = store.frame(f"FROM {use_case.name}.features AT (VERSION => {features.version})")
    rows = _as_rows(use_case, table, features.names)
    _remember(store, features, rows)
    return rows


def _table(store: Lake, use_case: "UseCase", snapshot: Snapshot) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """What the feature table holds, and the names of its inputs."""
    rows = _valid_rows(store, use_case, snapshot)
    inputs = compute(use_case, rows)
    return pl.concat([_beside(use_case, rows), inputs], how="horizontal"), tuple(inputs.columns)


def _valid_rows(store: Lake, use_case: "UseCase", snapshot: Snapshot) -> pl.DataFrame:
    """The rows of the snapshot in order of time, else of key, with `_key` and `_hash` (uniform in [0, 1), for the split)."""
    names = ", ".join(quoted(name) for name in use_case.columns.names)
    rows = store.frame(f"""SELECT {names}, {key_sql(use_case)} AS _key, {_uniform(use_case)} AS _hash
        FROM {use_case.name}.{snapshot.table} AT (VERSION => {snapshot.version})""")
    return rows.sort([name for name in (use_case.columns.one("time"), use_case.columns.one("key") or "_key") if name])


def _uniform(use_case: "UseCase") -> str:
    """SQL for a number in [0, 1) that a group, else a key, else a row's content always has; a split by time needs none."""
    if isinstance(use_case.split, TimeSplit):
        return "NULL::DOUBLE"
    group, key = use_case.columns.one("group"), use_case.columns.one("key")
    hashed = quoted(group) if group else quoted(key) if key else "split_part(_key, '-', 1)"
    return f"(md5_number_lower('{use_case.seed}/' || coalesce(CAST({hashed} AS VARCHAR), '')) >> 11)::DOUBLE / {1 << 53}"


def _beside(use_case: "UseCase", rows: pl.DataFrame) -> pl.DataFrame:
    time = use_case.columns.one("time")
    own = rows.select("_key", "_hash", *([pl.col(time).cast(pl.Datetime("us")).alias("_time")] if time else []))
    info = rows.select(pl.col(name).alias(INFO + name) for name in info_columns(use_case.columns, use_case.slices))
    return pl.concat([own, info], how="horizontal")


def _write(store: Lake, use_case: "UseCase", table: pl.DataFrame) -> int:
    """Replace the feature table; the older ones stay readable by their version."""
    cursor = store.cursor()
    cursor.register("features_made", table.to_arrow())
    try:
        with store.lock(f"featurize {use_case.name}"):
            store.write(lambda transaction: transaction.execute(f"CREATE OR REPLACE TABLE {use_case.name}.features AS FROM features_made"))
            return store.version()
    finally:
        cursor.unregister("features_made")


def _as_rows(use_case: "UseCase", table: pl.DataFrame, names: tuple[str, ...]) -> Rows:
    info = table.select(name for name in table.columns if name in OWN or name.startswith(INFO))
    info = info.rename({name: name.removeprefix(INFO) for name in info.columns})
    y = encode(use_case, info[use_case.target]) if use_case.target else None
    return Rows(table.select(names), y, info)  # type: ignore[arg-type]


def _remember(store: Lake, features: Features, rows: Rows) -> None:
    with _guard:
        _newest.clear()
        _newest[_name(store, features)] = rows


def _name(store: Lake, features: Features) -> str:
    return f"{store.identity}/{features.use_case}/{features.version}"
