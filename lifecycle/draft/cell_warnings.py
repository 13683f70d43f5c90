"""What a reader must know of how the cells were read: what else they could mean, and what depends on the ones that were not."""

from collections.abc import Iterator
from math import sqrt

from lifecycle.draft.cells.cells import listed
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.problem import GuessedProblem
from lifecycle.store.lake import literal, quoted

SURE = 4.0
"""Standard errors by which the target must differ where cells could not be read,"""
MATTERS = 0.2
"""and the part of its spread by which it must, to speak of it."""
MIN_CELLS = 8


def of_cells(table: Table, question: GuessedProblem) -> Iterator[DraftWarning]:
    """The doubts of every column, and the cells whose loss depends on the target."""
    target = table.one("target")
    for column in table.columns:
        yield from (DraftWarning(kind, (column.name,), f"{column.name}: {text}") for kind, text in column.cells.doubts)
    if target is None:
        return
    if target.cells.missing:
        marks = [mark for mark in target.cells.missing if mark]
        count = sum(target.cells.missing[mark] for mark in marks)
        yield DraftWarning(
            "missing-mark",
            (target.name,),
            f"{target.name}: {listed(marks)} in {count:,} rows counts as a target that is not known; where it is an outcome, take it out of `null` or `select`",
        )
    yield from (warning for column in table.columns if column is not target for warning in _lost(table, column, target, question))


def _lost(table: Table, column: ColumnProfile, target: ColumnProfile, question: GuessedProblem) -> Iterator[DraftWarning]:
    """Where the target is another for rows whose cell could not be read: what is missing then is not so by chance."""
    level = question.kind.level(question, target)
    if level is None or column.cells.lost < MIN_CELLS or not column.came:
        return
    marks = [*table.null, *column.cells.missing]
    known = "text <> ''" + (f" AND text NOT IN ({', '.join(map(literal, marks))})" if marks else "")
    rows = table.sample.connection.execute(
        f"""SELECT {quoted(column.name)} IS NULL AS lost, count({level.sql}), avg({level.sql}), coalesce(stddev({level.sql}), 0)
        FROM (SELECT trim({quoted(column.came)}::VARCHAR) AS text FROM came) POSITIONAL JOIN clean
        WHERE {known} AND {quoted(target.name)} IS NOT NULL GROUP BY 1 ORDER BY 1""",
        list(level.parameters),
    ).fetchall()
    if len(rows) < 2:
        return
    (_, many, usual, spread), (_, few, there, own) = rows
    error = sqrt(max(spread, 1e-12) ** 2 / max(many, 1) + max(own, spread) ** 2 / max(few, 1))
    if few < MIN_CELLS or abs(there - usual) < max(SURE * error, MATTERS * spread):
        return
    becomes = "count as missing" if column.cells.dropped else "send their rows into quarantine"
    yield DraftWarning(
        "missing-not-at-random",
        (column.name,),
        f"{column.name}: {few:,} cells that are not of its type, such as {listed(column.cells.spoilt)}, {becomes}, and not by chance: {level.words} is"
        f" {there:.4g} there and {usual:.4g} elsewhere; say in `select` what they mean",
    )
