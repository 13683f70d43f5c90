"""Rows that are nearly equal to a few others and to no more: readings of one thing, which no split may part."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from lifecycle.draft import columns
from lifecycle.draft.cells.cells import Cells
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import free
from lifecycle.draft.traps import clumps
from lifecycle.store.lake import literal, quoted

MAX_ROWS = 50_000
MEASURES = 6
"""Columns by which nearness is judged, those with the most values."""
VALUES = 30
SAME, SAME_OF_ALL = 0.995, 0.9
"""The share of rows whose nearest says the same in a column, and of clumps whose rows all do: two clumps may lie side by side."""
EXACT = 0.5
"""How many groups columns must make for each clump to stand for it."""
MOST_EXACT = 6


def find(table: Table) -> Iterator[DraftWarning]:
    """Give near-duplicate rows a group, where there is neither a group nor a time yet, and say so."""
    if any(table.having(role) for role in ("group", "entity", "time", "split")):
        return
    measures = [
        column for column in table.columns if column.feature and column.number and column.distinct >= VALUES and column.nulls <= 0.05 * column.rows
    ]
    measures = sorted(measures, key=lambda column: -column.distinct)[:MEASURES]
    if len(measures) < 2:
        return
    rows = _rows(table, measures[0])
    found = clumps.find(rows.select(column.name for column in measures).cast(pl.Float64).to_numpy())
    if found is None:
        return
    size = int(np.median(found.sizes))
    said = (
        f"near-duplicates: {found.share:.0%} of the rows lie in clumps of about {size} that are {found.gap:.0f} times closer to each other than to the next"
        f" row (by {', '.join(column.name for column in measures)}), as readings of one thing do"
    )
    made = _exact(table, rows, found, len(rows) / size) or _near(table, rows, measures, found)
    if made is None:
        yield DraftWarning(
            "near-duplicates",
            tuple(column.name for column in measures),
            f"{said}; of a random split some are on both sides, which flatters the model, and no column says which belong together: bring one that does,"
            " and name it with --group",
        )
        return
    made_of, group = made
    table.columns.append(group)
    columns.remake(table, [group])
    group.roles, group.why = ("group", "ignored"), f"made in `select` of {made_of}, for rows that are nearly equal"
    yield DraftWarning(
        "near-duplicates",
        tuple(column.name for column in measures),
        f"{said}; {group.name}, made in `select` of {made_of}, keeps them on one side of the split. If they are rows of their own after all,"
        f" take {group.name} out of COLUMNS and of the schema, and split by HashSplit()",
    )


def _rows(table: Table, measure: ColumnProfile) -> pl.DataFrame:
    """The rows, or where they are many those of a narrow range of a measure, which has whole clumps in it."""
    names = ", ".join(quoted(column.name) for column in table.columns if column.type and column.type != "bytes" and "key" not in column.roles)
    connection, own, where = table.sample.connection, quoted(measure.name), ""
    if table.sample.rows > MAX_ROWS:
        share = MAX_ROWS / table.sample.rows
        low, high = connection.execute(f"SELECT approx_quantile({own}, [{0.5 - share / 2}, {0.5 + share / 2}]) FROM clean").fetchall()[0][0]
        where = f"WHERE {own} BETWEEN {float(low)!r} AND {float(high)!r} LIMIT {2 * MAX_ROWS}"
    return connection.sql(f"SELECT {names} FROM clean {where}").pl()


def _exact(table: Table, rows: pl.DataFrame, found: "clumps.Clumps", expected: float) -> tuple[str, ColumnProfile] | None:
    """A group of the columns that are the same in every row of a clump, where they tell the clumps apart."""
    target = (table.one("target") or table.columns[0]).name
    able = [column for column in table.columns if column.name in rows.columns and column.name != target and column.distinct > 1]
    same = [column for column in able if _same(rows[column.name], found.members)]
    same = sorted(same, key=lambda column: -column.distinct)[:MOST_EXACT]
    groups = rows.select(column.name for column in same).n_unique() if same else 0
    if not EXACT * expected <= groups <= 0.7 * len(rows):
        return None
    parts = ", ".join(f"CAST({columns.expression(table, column)} AS VARCHAR)" for column in same)
    made_of = f"what is exactly the same in them ({', '.join(column.name for column in same)})"
    return made_of, _group(table, "str", f"md5(concat_ws({literal('|')}, {parts}))")


def _same(values: pl.Series, members: Sequence[np.ndarray]) -> bool:
    codes = values.rank("dense").fill_null(0).to_numpy()
    nearest = np.mean([codes[each[0]] == codes[each[1]] for each in members])
    return bool(nearest >= SAME and np.mean([np.ptp(codes[each]) == 0 for each in members]) >= SAME_OF_ALL)


def _near(table: Table, rows: pl.DataFrame, measures: Sequence[ColumnProfile], found: "clumps.Clumps") -> tuple[str, ColumnProfile] | None:
    """A group for each of a few landmarks, to which its clumps are nearer than to the others."""
    scales = [column.deviation or 1.0 for column in measures]
    values = rows.select(
        pl.col(column.name).cast(pl.Float64).fill_null(column.mean) / scale for column, scale in zip(measures, scales, strict=True)
    ).to_numpy()
    marks = clumps.landmarks(values, found.members) if len(rows) == table.sample.rows else None
    if marks is None:
        return None
    points, parted = marks
    here = [f"coalesce({columns.expression(table, column)}, {column.mean:.6g}) / {scale:.6g}" for column, scale in zip(measures, scales, strict=True)]
    listed = ",\n        ".join(f"[{', '.join(f'{value:.3f}' for value in point)}]" for point in points)
    sql = f"list_min(list_transform([\n        {listed}\n    ], lambda c, i: {{'far': list_distance(c, [{', '.join(here)}]), 'i': i}})).i"
    made_of = f"the nearest of {len(points)} landmarks, which parts {parted:.1%} of the clumps"
    return made_of, _group(table, "int", sql)


def _group(table: Table, kind: str, sql: str) -> ColumnProfile:
    return ColumnProfile("", free("clump", (column.name for column in table.columns)), "", Cells(kind, sql), sql)
