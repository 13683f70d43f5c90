"""Columns for year, month, week and day, where no column says when: put together they do, and a count of weeks is an order."""

from collections.abc import Iterator

import numpy as np

from lifecycle.draft import columns
from lifecycle.draft.cells.cells import Cells
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.names import free, words
from lifecycle.draft.roles import give, open_to
from lifecycle.store.lake import literal, quoted

PARTS = {
    "year": ({"year", "yr", "jahr"}, set(), 0, 2100),
    "month": ({"month", "mo", "mon", "mnth", "monat"}, set(), 1, 12),
    "quarter": ({"quarter", "qtr"}, set(), 1, 4),
    "week": ({"week", "wk", "weekofyear", "woche"}, {"year"}, 1, 53),
    "week_of_month": ({"weekofmonth"}, {"week", "month"}, 1, 6),
    "day": ({"day", "dayofmonth", "tag"}, {"month"}, 1, 31),
    "hour": ({"hour", "hr", "stunde"}, {"day"}, 0, 24),
}
"""For each part of a date the words of which a name has one, further words that it may have, and the least and the largest value."""
HAPPENED = frozenset({
    "of", "the", "in", "event", "sold", "sale", "sales", "order", "ordered", "purchase", "transaction", "trans", "accident", "visit", "admission",
    "arrival", "report", "reported", "survey", "observation", "obs", "record", "recorded", "number", "num", "no",
})  # fmt: skip
"""Words that it may have besides: of what happened when the row did. A year of birth or of construction is no time of a row."""
COUNTERS = frozenset({"period", "step", "round", "wave", "sequence", "seq", "tick"})
"""Names for the number of a stretch of time."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DIFFERENT = 10
"""Moments, or places, that there must be."""
MISSING = 0.01
LOOKED_AT = 20_000
ALONG, RISING = 0.95, 0.97
"""The rank correlation with the place in the file, and the share of steps that go up, from which that is sorted by a column."""
CONSTANT = "left out: it always says the same"


def find(table: Table, target: str) -> None:
    """Give the rows a time that is made of the parts of one, else an order where a column counts weeks or the like."""
    if table.one("time") or table.one("order"):
        return
    found = {part: column for part in PARTS if (column := _part(table, target, part))}
    year = found.get("year")
    if year and (moment := _moment(found)):
        sort, sql, taken = moment
        if _add(table, sort, sql, [found[part] for part in taken]):
            return
    counted = min(_counters(table, target), key=table.columns.index, default=None)
    if counted:
        give(counted, "order", why="it counts on from row to row, and says which came first")


def _moment(found: dict[str, ColumnProfile]) -> tuple[str, str, tuple[str, ...]] | None:
    """The type and the SQL of the moment that parts make, and which ones it takes."""
    century = _century(found["year"])
    year = f"({_number(found['year'])} + {century})" if century else _number(found["year"])
    part = next((part for part in ("month", "quarter", "week") if part in found), "")
    if not part:
        return None
    month = {"month": _month, "quarter": lambda column: f"3 * {_number(column)} - 2", "week": lambda _: "1"}[part](found[part])
    day, days, taken = "1", "", ("year", part)
    if part == "week":
        days = f"7 * {_number(found['week'])} - 7"
    elif part == "month" and "day" in found:
        day, taken = _number(found["day"]), (*taken, "day")
    elif part == "month" and "week_of_month" in found:
        days, taken = f"7 * {_number(found['week_of_month'])} - 7", (*taken, "week_of_month")
    date = f"TRY_CAST(printf('%04d-%02d-%02d', {year}, {month}, {day}) AS DATE)"
    if "day" in taken and "hour" in found:
        return "datetime", f"{date} + to_hours({_number(found['hour'])})", (*taken, "hour")
    return "date", f"CAST({date} + to_days({days}) AS DATE)" if days else date, taken


def _part(table: Table, target: str, part: str) -> ColumnProfile | None:
    """The column with the shortest name that is this part of a moment."""
    same = [column for column in table.columns if part in ("year", "month") and column.why == CONSTANT and column.name != target]
    fits = [column for column in [*open_to(table, target), *same] if _named(column, part) and _within(column, part)]
    return min(fits, key=lambda column: (len(words(column.came)), table.columns.index(column)), default=None)


def _named(column: ColumnProfile, part: str) -> bool:
    own, more, *_ = PARTS[part]
    return bool(words(column.came) & own) and _single(column) <= own | more | HAPPENED


def _single(column: ColumnProfile) -> frozenset[str]:
    """The words of a name, without all of them in one."""
    found = words(column.came)
    return found - {"".join(sign for sign in column.came.lower() if sign.isalnum())} or found


def _within(column: ColumnProfile, part: str) -> bool:
    if column.nulls > MISSING * column.rows:
        return False
    if part == "month" and column.type == "str":
        return all(str(value).strip().lower()[:3] in MONTHS for value, _ in column.tops) and column.distinct <= len(MONTHS)
    *_, least, most = PARTS[part]
    if column.type != "int" or not least <= column.low <= column.high <= most:
        return False
    return part != "year" or column.low >= 1900 or column.high <= 99


def _number(column: ColumnProfile) -> str:
    return f"TRY_CAST({column.sql or quoted(column.came)} AS INTEGER)"


def _month(column: ColumnProfile) -> str:
    if column.type == "int":
        return _number(column)
    listed = ", ".join(literal(month) for month in MONTHS)
    return f"list_position([{listed}], lower(left(trim({column.sql or quoted(column.came)}), 3)))"


def _century(column: ColumnProfile) -> int:
    """What a year of two digits lacks."""
    return 0 if column.high >= 1900 else 1900 if column.high > 50 else 2000


def _add(table: Table, sort: str, sql: str, taken: list[ColumnProfile]) -> bool:
    """Add the moment that columns make, if it tells rows apart; the year alone says nothing more then. Returns whether it was added."""
    name = free("date" if sort == "date" else "time", (column.name for column in table.columns))
    listed = ", ".join(column.name for column in taken)
    column = ColumnProfile("", name, "", Cells(sort), sql=sql)
    table.columns.append(column)
    columns.remake(table, [column])
    if column.distinct < DIFFERENT or column.nulls > MISSING * column.rows:
        table.columns.remove(column)
        columns.remake(table, [])
        return False
    about = "" if any(_named(each, "day") for each in taken) else ", about"
    give(column, "time", why=f"when a row happened{about}, put together from {listed}")
    give(taken[0], "ignored", why=f"left out: {name} says it")
    return True


def _counters(table: Table, target: str) -> Iterator[ColumnProfile]:
    """Columns that count weeks, or steps, from the first row on: beyond the end of a year, or as the file is sorted."""
    for column in open_to(table, target):
        if column.type != "int" or column.nulls or column.distinct < DIFFERENT or column.low < 0:
            continue
        part = next((part for part in PARTS if _named(column, part)), "")
        if not part and not _single(column) <= COUNTERS | HAPPENED:
            continue
        beyond = part not in ("", "year") and column.high > PARTS[part][3] and column.distinct > PARTS[part][3]
        if beyond or _sorted(table, column):
            yield column


def _sorted(table: Table, column: ColumnProfile) -> bool:
    every = max(table.sample.rows // LOOKED_AT, 1)
    values = table.sample.connection.sql(f"SELECT {quoted(column.name)} AS v FROM clean WHERE rowid % {every} = 0 ORDER BY rowid").pl()["v"]
    if len(values) < DIFFERENT:
        return False
    steps, ranks = values.diff().drop_nulls(), values.rank("average").to_numpy()
    moved = steps.filter(steps != 0)
    return len(moved) > 0 and float((moved.to_numpy() > 0).mean()) >= RISING and float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) >= ALONG
