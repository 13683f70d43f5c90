"""One reading of a cell: what a text, a number, a date and a moment are, and what is missing, by the declared type of the column.

Whatever a cell comes out of (CSV, JSON, Excel, Parquet, a database, a request or a label over HTTP), it has a text: its own, or how JSON
writes a number, a true and a false. The declared type reads that text, so that the same cell is the same value everywhere, or the same
refusal.

- **White space** around a text is none of it, nor are the marks that nobody sees (`WHITE`: blanks of any width, tabs, line ends, the
  non-breaking blank, the zero-width blank and the mark of byte order). Accents that are characters of their own are put together with their
  letter (Unicode's normal form NFC): "Köln" is one text, whoever wrote it.
- **Missing** is what is empty then, what the definition's files call missing (`File(null=...)`), `null`, and of a number `nan`.
- **Text** is any text. A number, a true and a false in a column of texts are their text: `12`, `1.5`, `true`.
- **A number** is what a text says (`12`, `-1.5e3`). 3.0 is the integer 3; 3.5 is no integer, and a true or false is no number. Nor is what
  nothing can be computed of: an infinite number, or one beyond 1e150, whose square is infinite.
- **True and false** are `true`, `t`, `yes`, `y`, `1`, `1.0` and `false`, `f`, `no`, `n`, `0`, `0.0`, in any case of letters.
- **A date** is year, month and day, as in 2022-05-01. With a clock, after `T` or a blank, it is one where that clock shows midnight, wherever
  on earth; with another it is none.
- **A moment** is a date, or a date and a clock, to the microsecond. With a distance from UTC it is turned into UTC. Years are 1 to 9999.

This module says it in SQL, for what comes in batches; `lifecycle.table.json_cells` in Python, for what is asked cell by cell, and asks this
one about every cell that is not plainly of its type. A property test sends cells all ways (`tests/lifecycle/table/test_one_reading.py`).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lifecycle.store.lake import literal, quoted

if TYPE_CHECKING:
    from lifecycle.columns import Column

ASCII_WHITE = " \t\n\v\f\r"
WHITE = ASCII_WHITE + "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
"""Unicode's white space, the zero-width blank and the mark of byte order."""
NO_BLANKS = "\t\n\v\f\r\x85\u200b\u2028\u2029\ufeff"
"""Those of them that are no blanks of some width (Unicode's category Zs)."""
APART = "\u0300-\u036f\u1100-\u11ff\u3099\u309a"
"""Accents, letters of Korean and sound marks of Japanese that are characters of their own; only texts with one are put together."""
FRACTION = ("'.'", "'e'", "'E'")
NAN = ("'nan'", "'NaN'", "'NAN'")
OFFSET = r"[zZ]$|[+-]\d\d(:?\d\d)?$"
"""The end of a moment as text with its distance from UTC, which DuckDB would drop on the way to a TIMESTAMP."""
FIRST, LAST = "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
"""The years that a moment can have: Python's, and those of who reads the answers."""
TEXTS = "VARCHAR"
LARGEST = 1e150
"""A number beyond it has no square."""
EXACT = 2**53
"""Up to here every whole number that is written as a fraction is itself."""


def text(value: str, null: Sequence[str] = ("",)) -> str:
    """SQL for a text without what stands around it; `NULL` where it is missing. Cleaning is dear, and most texts need none.

    Args:
        value: SQL for a text.
        null: the texts that mean a missing value, beside the empty one.
    """
    missing = ", ".join(literal(each) for each in dict.fromkeys(("", *null)))
    blanks = f"trim({value})"  # what DuckDB takes for white space: blanks of any width
    tabs = " OR ".join(f"contains({value}, {literal(sign)})" for sign in ASCII_WHITE if sign != " ")
    plain = f"CASE WHEN {tabs} THEN trim({value}, {literal(ASCII_WHITE)}) ELSE {blanks} END"
    beyond = f"CASE WHEN regexp_matches({value}, {literal(f'[{NO_BLANKS}]')}) THEN trim({value}, {literal(WHITE)}) ELSE {blanks} END"
    composed = f"CASE WHEN regexp_matches({value}, {literal(f'[{APART}]')}) THEN nfc_normalize({beyond}) ELSE {beyond} END"
    odd = f"regexp_matches({value}, {literal(f'^[{WHITE}]|[{WHITE}]$|[{APART}]')})"
    ends = " OR ".join(f"ends_with({value}, {literal(sign)})" for sign in ASCII_WHITE)
    marked = f"WHEN {value} IN ({missing}) THEN NULL " if {*null} - {""} else ""  # an empty one is less than a mark of exclamation
    return (
        f"CASE {marked}WHEN strlen({value}) <> length({value}) THEN CASE WHEN {odd}"
        f" THEN {_unless(missing, composed)} ELSE {value} END WHEN {value} < '!' OR {ends} THEN {_unless(missing, plain)} ELSE {value} END"
    )


def _unless(missing: str, value: str) -> str:
    return f"CASE WHEN {value} IN ({missing}) THEN NULL ELSE {value} END"


def spelled(column: "Column") -> str | None:
    """SQL for a text as SQL can cast it to the column's type: a moment with an offset as UTC, `1.0` for a boolean as true; `None`: as it is."""
    name = quoted(column.name)
    if column.sql_type == "TIMESTAMP":
        return in_utc(name)
    if column.sql_type == "BOOLEAN":
        return f"CASE {name} WHEN '1.0' THEN 'true' WHEN '0.0' THEN 'false' WHEN '-0.0' THEN 'false' ELSE {name} END"
    return None


def in_utc(text: str) -> str:
    """SQL for the text of a moment, without its distance from UTC where it says one."""
    moment = f"(TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')::VARCHAR"
    offset = f"contains({text}, ':') AND regexp_matches(right({text}, 6), {literal(OFFSET)})"
    return f"CASE WHEN {offset} THEN coalesce({moment}, {text}) ELSE {text} END"


def bounded(number: str) -> str:
    """SQL for a number; `NULL` where nothing can be computed of it."""
    return f"CASE WHEN abs({number}) < {LARGEST} THEN {number} END"


def value(column: "Column", sql_type: str) -> str:
    """SQL for a cell with the column's type.

    Args:
        column: its name and what it is declared as.
        sql_type: what the cells are now; a text is clean (`text`) and spelled.
    """
    name, wanted = quoted(column.name), column.sql_type
    if wanted == "BOOLEAN" and is_number(sql_type):
        return f"CASE {name} WHEN 1 THEN true WHEN 0 THEN false END"
    if wanted == "DATE" and sql_type == TEXTS:
        return f"TRY_CAST({name} AS TIMESTAMP)::DATE"
    if wanted.endswith(("INT", "INTEGER")) and is_fraction(sql_type):  # a large one says its digits only as text
        return f"CASE WHEN abs({name}) > {EXACT} THEN TRY_CAST({name}::VARCHAR AS {wanted}) ELSE TRY_CAST({name} AS {wanted}) END"
    cell = name if sql_type == wanted else f"TRY_CAST({name} AS {wanted})"
    if is_fraction(wanted):  # a NaN is a missing number
        return f"CASE WHEN isnan({cell}) THEN NULL ELSE {cell} END"
    return cell


def wrong(column: "Column", sql_type: str) -> str:
    """SQL for whether a cell is none of the column's type; of a missing one it is not true. 1.5 is no integer, though SQL would round it."""
    name = quoted(column.name)
    if sql_type == column.sql_type and not is_fraction(sql_type):
        return "false"
    return f"{name} IS NOT NULL AND ({' OR '.join(f'({each})' for each in _faults(column, name, sql_type))})"


def _faults(column: "Column", name: str, sql_type: str) -> Iterator[str]:
    wanted = column.sql_type
    lost = f"TRY_CAST({name} AS {wanted}) IS NULL"
    if wanted == "BOOLEAN" and is_number(sql_type):
        yield f"{name} NOT IN (0, 1)" + _nor_nan(name, sql_type)
    elif wanted == "DATE" and sql_type in (TEXTS, "TIMESTAMP"):
        moment = f"TRY_CAST({name} AS TIMESTAMP)"
        yield f"({moment} BETWEEN {FIRST} AND {LAST}) IS NOT TRUE"
        yield ("" if sql_type != TEXTS else f"length({name}) > 10 AND ") + f"{moment} <> date_trunc('day', {moment})"
    elif wanted == "TIMESTAMP":
        yield f"(TRY_CAST({name} AS TIMESTAMP) BETWEEN {FIRST} AND {LAST}) IS NOT TRUE"
    elif wanted.endswith(("INT", "INTEGER")):
        yield lost + _nor_nan(name, sql_type)
        rounded = f"TRY_CAST({name} AS DOUBLE) <> TRY_CAST(TRY_CAST({name} AS {wanted}) AS DOUBLE)"
        if sql_type == TEXTS:  # only these texts can stand for a fraction, and looking is cheaper than casting
            yield f"({' OR '.join(f'contains({name}, {sign})' for sign in FRACTION)}) AND {rounded}"
        elif sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL"):
            yield rounded
        elif sql_type == "BOOLEAN":
            yield "true"
    elif is_fraction(wanted) and sql_type != "BOOLEAN":
        number = name if sql_type == wanted else f"TRY_CAST({name} AS {wanted})"
        yield f"(abs({number}) < {LARGEST}) IS NOT TRUE AND NOT coalesce(isnan({number}), false)"  # one cast of each cell: more would be dear
    else:
        yield "true" if is_fraction(wanted) else lost


def _nor_nan(name: str, sql_type: str) -> str:
    """And that it is no NaN, which is a missing number."""
    if sql_type == TEXTS:
        return f" AND {name} NOT IN ({', '.join(NAN)})"
    return f" AND NOT isnan({name})" if is_fraction(sql_type) else ""


def is_fraction(sql_type: str) -> bool:
    """Whether a type of DuckDB's holds numbers with a fraction that may be infinite."""
    return sql_type in ("DOUBLE", "FLOAT")


def is_number(sql_type: str) -> bool:
    """Whether a type of DuckDB's holds numbers."""
    return sql_type.endswith(("INT", "INTEGER")) or sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL")
