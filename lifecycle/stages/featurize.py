"""Featurize: from valid rows to model inputs, with the definition's one stateless function."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle.models.blueprint import encoding
from lifecycle.references import Features, Snapshot
from lifecycle.store import staging
from lifecycle.store.lake import Lake, lake, literal
from lifecycle.table.feature_table import remember, tables_of

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.usecase import UseCase


def featurize(use_case: "UseCase", snapshot: Snapshot) -> Features:
    """Make the feature table of a snapshot: for every row its inputs, and beside them what the stages need to know of it.

    Raises:
        DefinitionError: `features` loses rows, shows the target, or returns something that is no model input.
    """
    store = lake()
    folder = staging.folder(use_case.name)
    try:
        table = None
        for number, table in enumerate(tables_of(store, use_case, snapshot)):
            _prepare(use_case, table)
            table.write_parquet(folder / f"{number:06}.parquet", compression="lz4")
        version = _write(store, use_case, folder)
        names = tuple(name for name in table.columns if not name.startswith("_")) if table is not None else ()
        made = Features(use_case=use_case.name, snapshot=snapshot, version=version, rows=snapshot.rows, names=names)
        if table is not None and table.height == snapshot.rows:  # one chunk: it need not be read again
            remember(store, made, table)
        return made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(use_case: "UseCase", table: "pl.DataFrame") -> None:
    """Let the roles of columns do what is done once for all rows."""
    for name, dtype in table.schema.items():
        if role := encoding(use_case, name, dtype):
            role.prepare(use_case, table[name])


def _write(store: Lake, use_case: "UseCase", folder: Path) -> int:
    """Replace the feature table; the older ones stay readable by their version."""
    files = ", ".join(literal(str(file)) for file in sorted(folder.glob("*.parquet")))  # named: a home's own path may hold a glob's signs
    with store.lock(f"featurize {use_case.name}"):
        store.write(lambda transaction: transaction.execute(f"CREATE OR REPLACE TABLE {use_case.name}.features AS FROM read_parquet([{files}])"))
        return store.version()
