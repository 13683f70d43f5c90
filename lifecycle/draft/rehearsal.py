"""A draft is tried before it is written: it loads, makes inputs, and its own rows pass its checks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from lifecycle import featurize
from lifecycle.draft.columns import Table
from lifecycle.errors import LifecycleError
from lifecycle.reading import relations
from lifecycle.store.lake import quoted
from lifecycle.validate import failing

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

ROWS = 20_000


def rehearse(table: Table, name: str, use_case: str, schema: str) -> list[str]:
    """Load the two sources, and pass rows of the sample through them.

    Returns:
        What a reader should know: checks that too many rows fail.

    Raises:
        LifecycleError: the draft does not hold; nothing has been written yet.
    """
    with _loaded(name, use_case, schema) as definition:
        try:
            table.sample.connection.execute(f"DESCRIBE ({relations.relation(table.sample.connection, definition.source)})")
            frame = _rows(table, definition)
            failures = failing(definition, frame)
            featurize.compute(definition, frame.drop("_row").head(1_000))
        except duckdb.Error as error:
            raise _broken(name, error) from error
    if failures is None:
        return []
    bad = failures["row"].n_unique()
    if bad <= definition.bad_rows * frame.height / 2:
        return []
    worst = failures.group_by("column", "check").len().sort("len", descending=True).row(0)
    return [
        f"quarantine: {bad:,} of {frame.height:,} rows fail a check, {worst[0]} ({worst[1]}) most often; a run stops above {definition.bad_rows:.0%}"
    ]


@contextmanager
def _loaded(name: str, use_case: str, schema: str) -> Iterator["UseCase"]:
    """The definition that the two sources make, as long as this lasts."""
    places = {f"schemas.{name}": schema, f"usecases.{name}": use_case}
    before = {place: sys.modules.get(place) for place in places}
    try:
        for place, text in places.items():
            sys.modules[place] = module = ModuleType(place)
            exec(compile(text, f"{place.replace('.', '/')}.py", "exec"), module.__dict__)
        yield sys.modules[f"usecases.{name}"].use_case
    except LifecycleError:
        raise
    except Exception as error:
        raise _broken(name, error) from error
    finally:
        for place, module in before.items():
            sys.modules.pop(place, None)
            if module is not None:
                sys.modules[place] = module


def _rows(table: Table, definition: "UseCase") -> pl.DataFrame:
    """Rows of the sample as the schema has them; cells that have not their type would be quarantined before."""
    names = ", ".join(quoted(name) for name in definition.columns.names)
    lost = " AND ".join(f"{quoted(column.name)} IS NOT NULL" for column in table.columns if column.cells.lost and not column.cells.dropped) or "true"
    rows = table.sample.connection.sql(f"SELECT {names} FROM clean WHERE {lost} USING SAMPLE reservoir({ROWS} ROWS) REPEATABLE (5)").pl()
    return rows.with_row_index("_row", 1).with_columns(pl.col("_row").cast(pl.Int64))


def _broken(name: str, error: Exception) -> LifecycleError:
    said = " ".join(f"{type(error).__name__}: {error}".split())[:400]
    return LifecycleError(
        f"the draft of '{name}' does not hold ({said}); nothing was written: leave the column that it names out of the source, or tell us"
    )
