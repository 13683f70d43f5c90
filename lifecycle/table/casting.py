"""Cells: every one gets its declared type; what has no such type is marked, not lost."""

from typing import TYPE_CHECKING

from lifecycle.columns import Column, Columns
from lifecycle.errors import DataError
from lifecycle.reading import cells
from lifecycle.store.lake import literal, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def typed(use_case: "UseCase", there: dict[str, str], query: str, columns: Columns | None = None) -> str:
    """SQL for the rows of a query, which has these columns, as they are staged; `columns`: those wanted, where not all that are declared.

    Every declared column has its declared type, and beside them are `_content` (a hash of the cells), `_bad` (cells that had another type), `_record` (the whole row as it came, where a cell is bad) and `_extra` (the columns
    that the schema does not know, as JSON, where the definition keeps them).
    """
    columns = columns or use_case.columns
    names = ", ".join(quoted(name) for name in columns.names)
    content = ", ".join(quoted(name) for name in columns.content)
    shown = [_cell(column, there.get(column.name)) for column in columns.all]
    others = [column for column in columns.all if column.name in there and cells.wrong(column, there[column.name]) != "false"]
    wrong = " OR ".join(f"({cells.wrong(column, there[column.name])})" for column in others) or "false"
    bad = ", ".join(_mismatch(column, there[column.name]) for column in others)
    marked = f"list_filter([{bad}], cell -> cell IS NOT NULL)" if others else '[]::STRUCT("column" VARCHAR, value VARCHAR, type VARCHAR)[]'
    return f"""
        SELECT {names}, _bad, _record, _extra, hash({content}) AS _content FROM (
            SELECT {", ".join(shown)}, CASE WHEN {wrong} THEN {marked} END AS _bad,
                CASE WHEN {wrong} THEN to_json(lifecycle_came)::VARCHAR END AS _record, {_extra(use_case, there)} AS _extra
            FROM ({query}) AS lifecycle_came)"""


def fits(use_case: "UseCase", there: dict[str, str], source: str) -> tuple[str, ...]:
    """The columns of a source that the schema does not know.

    Raises:
        DataError: a declared column is missing, or there are new ones and the definition refuses them.
    """
    optional = {column.name for column in use_case.columns.all if column.given or (column.outcome and column.nullable)}
    missing = [name for name in use_case.columns.names if name not in there and name not in optional]
    if missing:
        raise DataError(
            f"use case '{use_case.name}': the source {source} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"
            f" (it has {', '.join(there)}); add them, or change schemas/{use_case.name}.py"
        )
    new = tuple(name for name in there if name not in use_case.columns)
    if new and use_case.surprises.new == "refuse":
        raise DataError(
            f"use case '{use_case.name}': the source {source} has the new column{'s' * (len(new) > 1)} {', '.join(new)}, and surprises.new is"
            f" 'refuse', so nothing was loaded; declare them in schemas/{use_case.name}.py, or ignore or keep them in usecases/{use_case.name}.py"
        )
    return new


def _extra(use_case: "UseCase", there: dict[str, str]) -> str:
    """SQL for the columns that the schema does not know, as one JSON text: their types are the source's whim, so they get none."""
    new = [name for name in there if name not in use_case.columns]
    if not new or use_case.surprises.new != "keep":
        return "NULL::VARCHAR"
    return f"to_json({{{', '.join(f'{literal(name)}: {quoted(name)}' for name in new)}}})::VARCHAR"


def _cell(column: Column, sql_type: str | None) -> str:
    cell = f"NULL::{column.sql_type}" if sql_type is None else cells.value(column, sql_type)
    return f"{cell} AS {quoted(column.name)}"


def _mismatch(column: Column, sql_type: str) -> str:
    """SQL for what the quarantine says of a cell that does not have the declared type, else NULL."""
    cell = f"{{'column': {literal(column.name)}, 'value': {quoted(column.name)}::VARCHAR, 'type': {literal(column.sql_type)}}}"
    return f"CASE WHEN {cells.wrong(column, sql_type)} THEN {cell} END"
