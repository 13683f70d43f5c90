"""Time columns: numbers that count seconds become moments, and one of the moments says when a row happened."""

from dataclasses import dataclass, replace

from lifecycle.draft import columns, roles, vocabulary
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.names import words
from lifecycle.errors import DataError
from lifecycle.store.lake import quoted

PARTS = 3 * 20  # rows, that a split by time needs at the very least


def find(table: Table, target: str) -> None:
    """Give one column the role `time`: what the caller named, else the likeliest; counted seconds are made moments first."""
    wished = table.one("time")
    if table.one("order") and not wished:
        return
    counted = [wished] if wished and wished.number else [] if wished else _counted(table, target)
    for column in counted:
        _moment(column)
    if counted:
        columns.remake(table, counted)
    if wished:
        if not wished.moment:
            raise DataError(
                f"--time needs a column of times, '{wished.came}' holds texts such as {wished.tops[0][0]!r}; choose another, or leave --time away"
            )
        return
    found = roles.time(table, target)
    if found:
        shorter = f"; {found.nulls:,} rows without it are quarantined" if found.nulls else ""
        roles.give(found, "time", why=f"when a row happened{shorter}")


def splits(table: Table, time: ColumnProfile, target: ColumnProfile | None) -> bool:
    """Whether the rows can be divided by this time: some on each side, of two classes at least."""
    name = quoted(time.name)
    label = f"count(DISTINCT {quoted(target.name)})" if target and target.distinct <= 100 else "2"
    known = f"{name} IS NOT NULL" + (f" AND {quoted(target.name)} IS NOT NULL" if target else "")
    lines = table.sample.connection.execute(f"SELECT quantile_disc({name}, [0.6, 0.8]) FROM clean WHERE {known}").fetchall()[0][0]
    sides = (f"{name} < ?", f"{name} >= ? AND {name} < ?", f"{name} >= ?")
    given = ([lines[0]], lines, [lines[1]])
    counts = [
        table.sample.connection.execute(f"SELECT count(*), {label} FROM clean WHERE {known} AND {side}", values).fetchall()[0]
        for side, values in zip(sides, given, strict=True)
    ]
    return all(rows >= PARTS / 3 for rows, _ in counts) and counts[0][1] >= 2 and counts[2][1] >= 2


@dataclass(frozen=True)
class Clock:
    """A way to count time: what it counts, from when, and the range in which such a number lies today.

    Attributes:
        least, most: from 1985 on; and up to 2128.
        said: what is counted.
        sql: with the number in place of `{}`.
    """

    least: float
    most: float
    said: str
    sql: str

    def fits(self, column: ColumnProfile) -> bool:
        """Whether all numbers of a column lie in the range."""
        return self.least < float(column.low) <= float(column.high) < self.most


EPOCH = "make_timestamp(CAST({{}} * {} AS BIGINT))"
CLOCKS = (
    Clock(5e8, 5e9, "seconds since 1970", EPOCH.format(1_000_000)),
    Clock(5e11, 5e12, "thousandths of a second since 1970", EPOCH.format(1_000)),
    Clock(5e14, 5e15, "millionths of a second since 1970", EPOCH.format(1)),
    Clock(5e17, 5e18, "billionths of a second since 1970", EPOCH.format(0.001)),
)
SERIAL = Clock(
    20_000, 80_000, "days since 1900, as spreadsheets count them", "TIMESTAMP '1899-12-30' + to_milliseconds(CAST(round({} * 86400000) AS BIGINT))"
)
SINCE_FIRST = Clock(0, 4e9, "seconds since the first row, counted here from 1970 on", EPOCH.format(1_000_000))


def _counted(table: Table, target: str) -> list[ColumnProfile]:
    """Numbers that count time since 1970 or 1900, or since the first row where their name says that they are a time."""
    return [column for column in roles.open_to(table, target) if column.number and _clock(column)]


def _clock(column: ColumnProfile) -> Clock | None:
    """How a column counts time, where its name and its range say so."""
    named = words(column.came)
    if column.low is None or column.distinct < 10 or float(column.low) < 0:
        return None
    if named & vocabulary.COUNTED_WHEN | named & vocabulary.SECONDS and (found := next((clock for clock in CLOCKS if clock.fits(column)), None)):
        return found
    if named & {"date", "datetime", "day", "dt"} and SERIAL.fits(column):
        return SERIAL
    since_first = column.came.strip().lower() in vocabulary.SECONDS and 6 * 3600 < float(column.high) < SINCE_FIRST.most
    many = column.distinct >= min(1_000, column.rows / 5) and 100 * column.distinct > column.rows
    return SINCE_FIRST if since_first and many else None


def _moment(column: ColumnProfile) -> None:
    """Make a column of moments of one that counts time."""
    clock = _clock(column) or next((each for each in (*CLOCKS, SERIAL) if column.low is not None and each.fits(column)), SINCE_FIRST)
    number = f"TRY_CAST({column.sql or quoted(column.came)} AS DOUBLE)"
    column.sql = clock.sql.format(number)
    column.cells = replace(column.cells, type="datetime", sql=column.sql, said=(*column.cells.said, f"came as {clock.said}"))
