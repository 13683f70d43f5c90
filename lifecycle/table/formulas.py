"""Cells that a spreadsheet would run as formulas: a file of rows is not changed for them, they are named beside it."""

import re
from collections.abc import Mapping

import duckdb

from lifecycle.store.lake import literal, quoted

START = "[=+@\t\r\uff1d\uff0b\uff20-]"
"""What begins a formula, also in the wide forms that some spreadsheets take for the same."""
NUMBER = r"[+-]?[0-9.,\s]*([eE][+-]?[0-9]+)?%?"
"""A number or a lone sign is none."""
MAX_COLUMNS_NAMED = 8


def found(cursor: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    """How many cells of each text column of a query begin like a formula; the columns that have some."""
    texts = [name for name, sql_type, *_ in cursor.execute(f"DESCRIBE ({query})").fetchall() if sql_type == "VARCHAR"]
    if not texts:
        return {}
    counted = ", ".join(
        f"count(*) FILTER (regexp_matches({name}, {literal('^' + START)}) AND NOT regexp_full_match({name}, {literal(NUMBER)}))"
        for name in map(quoted, texts)
    )
    counts = cursor.execute(f"SELECT {counted} FROM ({query})").fetchall()[0]
    return {name: count for name, count in zip(texts, counts, strict=True) if count}


def note(names: list[str], cells: Mapping[str, int]) -> str:
    """What is said of a file with these columns; empty where no spreadsheet would run any of it."""
    heads = [name for name in names if re.match(START, name) and not re.fullmatch(NUMBER, name)]
    told = [f"{count:,} of '{name}'" for name, count in cells.items()] + [f"the name '{name}'" for name in heads]
    if not told:
        return ""
    more = f" and {len(told) - MAX_COLUMNS_NAMED} more" if len(told) > MAX_COLUMNS_NAMED else ""
    return (
        f"cells that begin like a formula: {', '.join(told[:MAX_COLUMNS_NAMED])}{more}; a spreadsheet may run them, and they are as they came:"
        " import the columns as text, or look at the file in an editor"
    )
