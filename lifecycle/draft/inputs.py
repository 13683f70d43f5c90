"""The inputs of a model, as the lines of a `features` function: columns as they are, dates as numbers, codes as names."""

from lifecycle import role
from lifecycle.draft import python
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.names import free
from lifecycle.draft.roles import coded
from lifecycle.store.lake import quoted

SEEN = 50
"""Cells by which a role tells what shall be made of a column."""
DAYS = 60
"""Rows of a shorter span than so many days say nothing of the seasons."""


def lines(table: Table) -> list[str]:
    """The arguments of `rows.select(...)`: plain names first, then what is derived."""
    inputs = [column for column in table.columns if column.feature and not column.moment]
    read = {column.name: code for column in inputs if (code := _by_role(table, column))}
    plain = [read.get(column.name) or python.literal(column.name) for column in inputs if not coded(column)]
    made = [f"{column.name}={_of(column)}.cast(pl.String)" for column in inputs if coded(column)]
    when = table.one("time")
    for column in table.columns:
        if (
            column.moment and not column.made and (column.feature or (column is when and not table.one("item")))
        ):  # of events, inputs say what an item is
            made += _moment(table, column, when)
    return plain + made


def _by_role(table: Table, column: ColumnProfile) -> str:
    """What a role of the column makes of it, as code; empty where it stays as it is."""
    cells = (
        [row[0] for row in table.sample.connection.execute(f"SELECT {quoted(column.came)} FROM came LIMIT {SEEN}").fetchall()] if column.roles else []
    )
    return next((code for name in column.roles if (code := role.find(name).drafts(python.literal(column.name), cells))), "")


def back(column: ColumnProfile) -> str:
    """The argument of `select` that a column would have."""
    return f'{column.name}_days={_of(column)}.dt.epoch("d")' if column.moment else python.literal(column.name)


def described(table: Table) -> str:
    """One sentence on the inputs, for the function's docstring."""
    left = [column.name for column in table.columns if column.type and not column.feature and not {"target", "time", "order"} & {*column.roles}]
    parts = ["All columns" + (f" but {', '.join(left[:6])}{' and more' if len(left) > 6 else ''}" if left else "")]
    if not table.one("item") and any(column.moment and not column.made for column in table.columns if column.feature or "time" in column.roles):
        parts.append("of a time what comes again, such as its hour")
    if any(coded(column) for column in table.columns if column.feature):
        parts.append("codes as the names that they are")
    return "; ".join(parts) + "."


def _moment(table: Table, column: ColumnProfile, when: ColumnProfile | None) -> list[str]:
    """Of the row's own time only what comes again: the years of the training rows never do."""
    name, of = column.name, _of(column)
    made = {}
    clocked = column.type == "datetime" and any(value.hour or value.minute for value, _ in column.tops)
    days = (column.high - column.low).days if column.high and column.low else 0
    if clocked:
        made["hour"] = f"{of}.dt.hour()"
    if days >= 7:
        made["weekday"] = f"{of}.dt.weekday()"
    if days >= DAYS:
        made["month"] = f"{of}.dt.month()"
    if column is not when:
        same = f"({_of(when)} - {of})" if when and when.type == column.type else ""
        made["days" if not same else "days_before"] = f"{same}.dt.total_days()" if same else f'{of}.dt.epoch("d")'
    taken = {each.name for each in table.columns}
    return [f"{free(f'{name}_{part}', taken)}={code}" for part, code in made.items()]


def _of(column: ColumnProfile) -> str:
    return f"pl.col({python.literal(column.name)})"
