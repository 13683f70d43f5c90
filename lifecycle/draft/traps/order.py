"""Does the target, or how well a model tells it, depend on the place of a row in the file? Then rows follow each other, and are not shuffled."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.draft.cells.cells import Cells
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import free
from lifecycle.draft.problem import GuessedProblem
from lifecycle.draft.roles import give
from lifecycle.draft.time_column import PARTS
from lifecycle.draft.traps import order_tests, quick_model
from lifecycle.store.lake import quoted

MAX_ROWS = 10_000
OUTPUTS = 3
"""Of several classes so many, the commonest, are looked at."""
NAMES = 200
"""A text with more different values is no input of the quick model."""
FEW_CHANGES = 3
"""So many stretches for each class: the file is sorted by its target."""
SORTED = 0.97
"""Share of steps in one direction from which a column rises or falls all the way,"""
ALONG = 0.95
"""and its rank correlation with the place from which it is sorted from end to end."""
PLACE = "place"


@dataclass(frozen=True)
class Order:
    """What the order of the rows says.

    Attributes:
        depends: what depends on the place, a clause each; none: nothing does.
        sorted: in a clause, where the file is sorted by its target, so that its order says nothing.
        splits: whether rows of two classes are on each side of a split along it.
    """

    depends: tuple[str, ...] = ()
    sorted: str = ""
    splits: bool = True


def warned(table: Table, found: Order) -> Iterator[DraftWarning]:
    """What a reader has to know of it."""
    if not found.depends:
        return
    fate = (
        "So the first rows train and the last judge, as it will be in use, and a model must beat the last known label. If the file was only sorted"
        " by something that says nothing of tomorrow, take another split"
        if found.splits
        else "They are shuffled all the same, since a split along the file would leave one class on a side: expect less than is promised"
    )
    yield DraftWarning(
        "order", tuple(column.name for column in table.having("order")), f"order: the rows follow each other: {'; '.join(found.depends)}. {fate}"
    )


def look(table: Table, question: GuessedProblem) -> Order:
    """Whether the rows follow each other, told by at most 10,000 of them; rows with a time, a group or a published split are divided by these."""
    target = table.one("target")
    if target is None or any(table.one(role) for role in ("time", "order", "group", "split")):
        return Order()
    inputs = [column for column in table.columns if column.feature and _readable(column)]
    stretch, frame = _stretches(table, [target, *inputs])
    if said := _by_target(frame[target.name], question):
        return Order(sorted=said)
    if frame.height < order_tests.LEAST_ROWS:
        return Order()
    truth = question.kind.truth(question, frame[target.name])[:, :OUTPUTS]
    values = {column.name: quick_model.numbers(frame[column.name]) for column in inputs}
    risen = [name for name, cells in values.items() if _rises(cells)]
    along = [column for column in inputs if _along(values[column.name]) or _in_stretches(frame[column.name])]
    X = np.column_stack([np.zeros(frame.height), *values.values()])
    depends = order_tests.judge(X, truth, stretch, is_sorted=bool(along), rises=bool(risen), metric=question.kind.alone)
    return Order(depends, splits=_splits(table, target, question)) if depends else Order()


def placed(table: Table, found: Order) -> None:
    """Add the column for the places that the lake gives, if rows follow each other."""
    if not found.depends or not found.splits:
        return
    name, rows = free(PLACE, (column.name for column in table.columns)), table.sample.total
    column = ColumnProfile("", name, "BIGINT", Cells("int"), rows=rows, distinct=rows, low=1, high=rows, given=True)
    give(column, "order", why="the row's place in the file, given when it first comes in")
    table.columns.append(column)


def _by_target(target: pl.Series, question: GuessedProblem) -> str:
    """Whether the file is sorted by its target: each class in a stretch or a few; of numbers, whether they rise or fall all the way."""
    if question.classes:
        changes = int((target != target.shift(1)).sum())
        found = changes < min(FEW_CHANGES * len(question.classes), len(target) / 20)
    else:
        found = _rises(target.cast(pl.Float64).to_numpy())
    return f"the file is sorted by {target.name}, so that its order says nothing" if found else ""


def _rises(values: np.ndarray) -> bool:
    """Whether nearly every step that is one goes the same way."""
    steps = np.diff(values[np.isfinite(values)])
    moved = steps[steps != 0]
    return len(moved) >= 20 and max((moved > 0).mean(), (moved < 0).mean()) >= SORTED


def _along(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    if len(known) < 20 or known.min() == known.max():
        return False
    ranks = pl.Series(known).rank("average").to_numpy()
    return abs(float(np.corrcoef(ranks, np.arange(len(known)))[0, 1])) >= ALONG


def _in_stretches(values: pl.Series) -> bool:
    """Whether each of a few values has a stretch of the file to itself."""
    different = values.n_unique()
    return 2 <= different <= len(values) / 20 and int((values != values.shift(1)).sum()) <= 2 * different


def _splits(table: Table, target: ColumnProfile, question: GuessedProblem) -> bool:
    """Whether the first and the last rows have two classes, and there are enough of them."""
    if table.sample.rows - target.nulls < PARTS or not question.classes:
        return table.sample.rows - target.nulls >= PARTS
    name = quoted(target.name)
    first, last = table.sample.connection.execute(
        f"""SELECT count(DISTINCT {name}) FILTER (place < 0.6), count(DISTINCT {name}) FILTER (place >= 0.8)
        FROM (SELECT {name}, percent_rank() OVER (ORDER BY rowid) AS place FROM clean WHERE {name} IS NOT NULL)"""
    ).fetchall()[0]
    return first >= 2 and last >= 2


def _readable(column: ColumnProfile) -> bool:
    return column.number or column.moment or column.type == "bool" or (column.type == "str" and column.distinct <= NAMES)


def _stretches(table: Table, columns: list[ColumnProfile]) -> tuple[np.ndarray, pl.DataFrame]:
    """Rows in their order, in stretches that are spread over the file, and the stretch of each."""
    target = quoted(columns[0].name)
    names = ", ".join(quoted(column.name) for column in columns)
    every = -(-table.sample.rows // order_tests.STRETCHES)
    frame = table.sample.connection.sql(
        f"""SELECT rowid // {every} AS lifecycle_stretch, {names} FROM clean
        WHERE rowid % {every} < {MAX_ROWS // order_tests.STRETCHES} AND {target} IS NOT NULL ORDER BY rowid"""
    ).pl()
    return frame["lifecycle_stretch"].to_numpy(), frame.drop("lifecycle_stretch")
