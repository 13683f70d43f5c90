"""Time columns: numbers that count seconds become moments, and one of the moments says when a row happened."""

from dataclasses import replace

from lifecycle.draft import columns, roles
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.errors import DataError
from lifecycle.store.lake import quoted

PARTS = 3 * 20  # rows, that a split by time needs at the very least


def find(table: Table, target: str) -> None:
    """Give one column the role `time`: what the caller named, else the likeliest; counted seconds are made moments first."""
    wished = table.one("time")
    if table.one("order") and not wished:
        return
    counted = [wished] if wished and wished.number else [] if wished else roles.seconds(table, target)
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


def _moment(column: ColumnProfile) -> None:
    """Seconds or thousandths since 1970, or since the first row, which is then put at 1970."""
    most = float(column.high)
    unit, said = (
        (1e3, "thousandths of a second since 1970")
        if most > 1e11
        else (1e6, "seconds since 1970" if most > 4e8 else "seconds since the first row, counted here from 1970 on")
    )
    number = column.sql or quoted(column.came)
    column.sql = f"make_timestamp(CAST(TRY_CAST({number} AS DOUBLE) * {unit:.0f} AS BIGINT))"
    column.cells = replace(column.cells, type="datetime", sql=column.sql, said=(*column.cells.said, f"came as {said}"))
