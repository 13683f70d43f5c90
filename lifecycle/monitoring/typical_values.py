"""What a row usually holds: values to start a form from, of the columns as they come and not of the features made of them."""

from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.store.lake import lake, quoted

if TYPE_CHECKING:
    from lifecycle.columns import Column
    from lifecycle.usecase import UseCase

ROWS_READ = 100_000
"""So many rows, the first, stand for all."""
COMMON = 0.01
"""A value is shown where at least this share of the rows has it: then it is nobody's own."""
MAX_SUGGESTIONS = 20
MAX_FEW = 12
"""A column of whole numbers or texts with no more values than these is a choice."""


def typical(use_case: "UseCase", version: int) -> dict[str, dict[str, Any]]:
    """By column an `example` (the middle number, the most frequent value, the newest moment), of texts `suggestions`, and `few`, where there are few.

    Args:
        use_case: whose rows.
        version: of the lake.
    """
    columns = [column for column in use_case.columns.all if not any(role.personal for role in column.roles)]
    if not columns:
        return {}
    table = f"{use_case.name}.raw AT (VERSION => {version})"
    names = ", ".join(quoted(column.name) for column in columns)
    frame = lake().frame(f"SELECT {names} FROM {table} LIMIT {ROWS_READ}")
    moments = [column.name for column in columns if column.dtype.is_temporal()]
    newest = lake().frame(f"SELECT {', '.join(f'max({quoted(name)}) AS {quoted(name)}' for name in moments)} FROM {table}") if moments else frame
    found = {column.name: _of((newest if column.name in moments else frame)[column.name], column) for column in columns}
    return {name: each for name, each in found.items() if each}


def _of(values: pl.Series, column: "Column") -> dict[str, Any]:
    known = values.drop_nulls()
    if known.is_empty():
        return {}
    if column.dtype.is_temporal():
        return {"example": known[-1].isoformat()}
    if column.dtype.is_numeric():
        middle = known.cast(pl.Float64).quantile(0.5, "nearest")
        few = _few(known) if column.dtype.is_integer() else {}
        return {"example": int(middle) if column.dtype.is_integer() else float(middle), **few} if middle is not None and abs(middle) < 2**53 else {}
    if column.dtype == pl.Boolean:
        return {"example": bool(known.mean() >= 0.5)}  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]
    counts = known.cast(pl.String).value_counts().sort(["count", known.name], descending=[True, False])
    common = counts.filter(pl.col("count") >= COMMON * len(values))[known.name].head(MAX_SUGGESTIONS).to_list()
    return {"example": common[0], "suggestions": common, **_few(known.cast(pl.String))} if common else {}


def _few(known: pl.Series) -> dict[str, Any]:
    """All values of a column that has few, each of which enough rows have to be nobody's own."""
    counts = known.value_counts()
    fits = 2 <= counts.height <= MAX_FEW and counts["count"].min() >= COMMON * len(known)  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
    return {"few": counts[known.name].sort().to_list()} if fits else {}
