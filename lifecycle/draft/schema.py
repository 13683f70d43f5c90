"""The schema of a draft, as code: types, roles, and checks that tomorrow's honest rows will pass."""

import datetime as dt
from typing import Any

from lifecycle.draft import python, vocabulary
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.names import words
from lifecycle.draft.problem import GuessedProblem

TYPES = {"date": "dt.date", "datetime": "dt.datetime"}
STABLE = 8
"""Categories of at most so many values are checked against them,"""
OFTEN = 0.01
"""where each has so large a share of the rows,"""
MIN_ROWS = 500
"""of at least so many."""
MAX_CLASSES_LISTED = 30
"""Classes of a target that the schema lists."""


def write(table: Table, question: GuessedProblem, name: str, title: str, described: str) -> str:
    """The source of `schemas/NAME.py`; `title` is its class."""
    columns = [column for column in table.columns if column.type]
    dated = any(column.moment for column in columns)
    lines = [
        python.docstring(f"What a valid row of {name} is."),
        "",
        *(["import datetime as dt", ""] if dated else []),
        "import pandera.polars as pa",
        "",
    ]
    lines += ["from schemas.roles import column", "", "", f"class {title}(pa.DataFrameModel):"]
    lines += [python.docstring(described, indent=4), ""]
    lines += [*python.comment(f"Drafted from {table.sample.rows:,} rows: tighten or widen the checks to what you know.", 4), ""]
    for column in columns:
        lines += _column(column, question)
    return "\n".join(lines) + "\n"


def _column(column: ColumnProfile, question: GuessedProblem) -> list[str]:
    roles = [] if column.roles == ("feature",) else [python.literal(role) for role in column.roles]
    checks = [*(["nullable=True"] if nullable(column) else []), *_checks(column, question)]
    code = f"    {column.name}: {TYPES.get(column.type, column.type)} = " + python.call("column", [*roles, *checks], 4)
    said = python.clean(remark(column))
    if len(code) + len(said) + 4 <= python.WIDTH:
        return [f"{code}  # {said}"]
    return [*python.comment(said, 4), code]


def nullable(column: ColumnProfile) -> bool:
    """Whether a value may be missing: where one was, and always the target, which is not known of new rows, and what the lake gives."""
    return bool(column.nulls) or "target" in column.roles or column.given


def remark(column: ColumnProfile) -> str:
    """What was observed, as a comment."""
    parts = [f"named '{column.came}'"] if column.came not in ("", column.name) else []
    parts += [column.why] if column.why else []
    parts += [observed(column), *column.cells.said]
    return "; ".join(part for part in parts if part)


def observed(column: ColumnProfile) -> str:
    """The values that were seen: the range of a number or time, the values of a category."""
    if not column.type or column.given:
        return ""
    if column.nulls == column.rows:
        return "always missing"
    missing = f", {column.nulls:,} of {column.rows:,} missing" if column.nulls else ""
    if (column.number or column.moment) and (column.distinct > 6 or column.type == "float"):
        return f"{_plain(column.low)} to {_plain(column.high)}{missing}"
    if column.distinct <= 6:
        return ", ".join(f"{value} {count:,}" for value, count in column.tops) + missing
    if "text" in column.roles or column.length > 30:
        return f"{column.distinct:,} different{missing}"
    return f"{column.distinct:,} values, such as {', '.join(str(value) for value, _ in column.tops[:3])}{missing}"


def _checks(column: ColumnProfile, question: GuessedProblem) -> list[str]:
    if "target" in column.roles and question.classes:
        values = sorted(value for value, _ in question.classes)
        return [_isin(values)] if column.type != "bool" and len(values) <= MAX_CLASSES_LISTED else []
    if {"ignored", "key", "order", "user", "item"} & {*column.roles}:
        return []
    if "rating" in column.roles:
        return [f"ge={_plain(float(column.low))}", f"le={_plain(float(column.high))}"]
    if column.number:
        flags = [0.0, 1.0] if column.type == "float" else [0, 1]  # whole numbers are nothing to compare numbers with
        return [_isin(flags)] if column.distinct == 2 and (column.low, column.high) == (0, 1) else _range(column)
    if column.type == "str" and column.roles == ("feature",):
        return [_isin(sorted(str(value) for value, _ in column.tops))] if _stable(column) else []
    if "time" in column.roles and column.low.year >= 1900:
        return [f"ge={_year(column.low)}"]
    return []


def _isin(values: list[Any]) -> str:
    """The check that a value is one of these, one a line where they do not fit on one."""
    flat = f"isin={python.literal(values)}"
    if len(flat) <= python.WIDTH - 8:
        return flat
    return "isin=[\n" + "".join(f"            {python.literal(value)},\n" for value in values) + "        ]"


def _stable(column: ColumnProfile) -> bool:
    return 2 <= column.distinct <= STABLE and column.rows >= MIN_ROWS and column.tops[-1][1] >= OFTEN * column.rows


def _range(column: ColumnProfile) -> list[str]:
    """Bounds that lie in the nature of the column: no count below nothing, no share above the whole."""
    least, most, said = float(column.low or 0), float(column.high or 0), words(column.came)
    if least < 0 or column.nulls == column.rows:
        return []
    if most <= 1 and column.type == "float" and said & vocabulary.SHARES:
        return ["ge=0", "le=1"]
    if "age" in said and most <= 120:
        return ["ge=0", "le=120"]
    counted = column.type == "int" and least <= 1 and column.distinct > 2
    if counted or said & vocabulary.COUNTED or column.zeros > OFTEN * column.rows or column.deviation > column.mean:
        return ["ge=0"]
    return []


def _year(moment: Any) -> str:
    """A date well before the first, as code: a clock that was never set is no time."""
    year = moment.year - 20 if moment.year > 1990 else 1900
    return f"dt.datetime({year}, 1, 1)" if isinstance(moment, dt.datetime) else f"dt.date({year}, 1, 1)"


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
