"""Columns that are made of all rows of a group: the mean of its target, a total that counts what comes later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.draft.columns import ColumnProfile
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.traps import trap
from lifecycle.draft.traps.labelled import MAX_ROWS, Labelled
from lifecycle.store.lake import quoted

MOST_GROUPINGS, MOST_MADE = 12, 60
MOST_ROWS, SEEN_OFTEN = 300_000, 8
"""Rows up to which every number is looked at in groups of many rows, and how many rows such have of a sample."""
LEAST_GROUPS, LEAST_ROWS = 8, 0.5
"""Groups of several rows, and the share of the rows that these must hold."""
WITHIN = 0.995
"""The share of groups in which a column is the same in every row, or is what it is thought to be."""
OWN = 0.1
"""How much closer a column is to the means of these rows, in squares, than the mean of other rows could be, from which it was made of them."""
PRIORS = (0.0, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Rows of the mean of all that a mean may have been smoothed with."""


@dataclass(frozen=True)
class Grouping:
    """Rows of whole groups, sorted by the group.

    Attributes:
        column: that says whose they are.
        frame: the rows, a column for each that could be made of them, the target and the numbers.
        starts: where each group starts.
        sizes: its rows.
    """

    column: ColumnProfile
    frame: pl.DataFrame
    starts: np.ndarray
    sizes: np.ndarray

    @property
    def several(self) -> np.ndarray:
        """Which rows are of a group of several."""
        return np.repeat(self.sizes > 1, self.sizes)

    def numbers(self, column: ColumnProfile) -> np.ndarray:
        """A column of numbers; what is missing is NaN."""
        return self.frame[column.name].cast(pl.Float64).fill_null(np.nan).to_numpy()

    def same(self, values: np.ndarray) -> np.ndarray | None:
        """One value for each group, where all its rows have the same."""
        low, high = np.minimum.reduceat(values, self.starts), np.maximum.reduceat(values, self.starts)
        many = self.sizes > 1
        near = high - low <= 1e-9 * np.maximum(np.abs(high), 1)
        return low if near[many].mean() >= WITHIN and len(np.unique(low[many])) > 2 else None

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of each group."""
        return np.add.reduceat(values, self.starts)


def find(labelled: Labelled) -> Iterator[DraftWarning]:
    """Leave out the columns that are made of all rows of their group."""
    for grouping in _groupings(labelled):
        whole = f"of all rows of the same {grouping.column.name}"
        for column in [each for each in labelled.inputs if each.number and each is not grouping.column and each.name in grouping.frame.columns][
            :MOST_MADE
        ]:
            values = grouping.numbers(column)
            if not np.isfinite(values[grouping.several]).all():
                continue
            own = grouping.same(values)
            if said := _mean(labelled, grouping, own) if own is not None else _mean_of_others(labelled, grouping, values):
                yield trap.left_out(
                    "group-mean", [column], f"it is made of the target {whole}", f"leakage: {column.name} is {said}, so it is left out",
                    "it was made of earlier rows alone",
                )  # fmt: skip
            elif own is not None and labelled.table.one("time") and (said := _total(labelled, grouping, column, own)):
                yield trap.left_out(
                    "future-total", [column], f"it is made {whole}, also of later ones",
                    f"leakage: {column.name} is {said} {whole}, also of those that are later than the row, so it is left out; `lifecycle.windows`"
                    " makes what was before", "it is known before the row",
                )  # fmt: skip


def _groupings(labelled: Labelled) -> Iterator[Grouping]:
    """Columns that part the rows into groups of several, with whole groups of them, the largest number of groups first."""
    table = labelled.table
    able = [
        column
        for column in table.columns
        if column.type in ("int", "str", "date")
        and {"target", "key", "text", "time"}.isdisjoint(column.roles)
        and not column.trap
        and LEAST_GROUPS <= column.distinct <= 0.6 * column.rows
    ]
    able.sort(key=lambda column: ({"group", "entity"}.isdisjoint(column.roles), column.number, -column.distinct))
    for column in able[:MOST_GROUPINGS]:
        made = [each for each in table.columns if each.number and each is not labelled.target]
        many = column.distinct <= labelled.frame.height / SEEN_OFTEN
        if many and table.sample.rows > MOST_ROWS:  # the sample has so many rows of each group that it shows what is the same in all of them
            some = _grouping(column, labelled.frame.with_columns(pl.col(column.name).alias("_group")))
            made = [each for each in made if some and some.same(some.numbers(each)) is not None]
        parts = max(min(table.sample.rows // MAX_ROWS, column.distinct // (4 * LEAST_GROUPS)), 1)
        if made and (grouping := _whole(labelled, column, made, parts if many else max(table.sample.rows // MAX_ROWS, 1))):
            yield grouping


def _whole(labelled: Labelled, column: ColumnProfile, made: Sequence[ColumnProfile], parts: int) -> Grouping | None:
    """All rows of some of the groups, one in so many of them."""
    own, target = quoted(column.name), quoted(labelled.target.name)
    names = ", ".join(quoted(name) for name in dict.fromkeys([labelled.target.name, *(each.name for each in made)]))
    where = f"{own} IS NOT NULL AND {target} IS NOT NULL" + (f" AND hash({own}) % {parts} = 0" if parts > 1 else "")
    return _grouping(column, labelled.table.sample.connection.sql(f"SELECT {own} AS _group, {names} FROM clean WHERE {where}").pl())


def _grouping(column: ColumnProfile, frame: pl.DataFrame) -> Grouping | None:
    """Rows by their group, where most of them are in groups of several."""
    frame = frame.filter(pl.col("_group").is_not_null()).sort("_group")
    if frame.height < 100:
        return None
    starts = np.flatnonzero(np.r_[True, (frame["_group"].rank("dense").diff().fill_null(1) > 0).to_numpy()[1:]])
    sizes = np.diff(np.r_[starts, frame.height])
    enough = (sizes > 1).sum() >= LEAST_GROUPS and sizes[sizes > 1].sum() >= LEAST_ROWS * frame.height
    return Grouping(column, frame, starts, sizes) if enough else None


def _mean(labelled: Labelled, grouping: Grouping, own: np.ndarray) -> str:
    """What mean of the target a column is: closer to that of these very rows than the mean of any others could be."""
    truth = labelled.question.kind.truth(labelled.question, grouping.frame[labelled.target.name])
    for output in range(truth.shape[1]):
        y = truth[:, output]
        sums = grouping.sums(y)
        spread = ((y**2).sum() - (sums**2 / grouping.sizes).sum()) / max(len(y) - len(sums), 1)
        within = max(spread, 1e-6 * y.var()) / grouping.sizes
        for prior in PRIORS:
            means = (sums + prior * y.mean()) / (grouping.sizes + prior)
            chance = within * (grouping.sizes / (grouping.sizes + prior)) ** 2
            if means.std() > 0 and ((own - means) ** 2).mean() <= OWN * chance.mean() and np.median((own - means) ** 2 / chance) <= OWN / 2:
                smoothed = " (smoothed)" if prior else ""
                return f"{_named(labelled)}{smoothed} over all rows of the same {grouping.column.name}, the row itself among them"
    return ""


def _mean_of_others(labelled: Labelled, grouping: Grouping, values: np.ndarray) -> str:
    """Whether a column is the mean over the group's other rows: what it lacks of the group's sum is the row's own target."""
    truth = labelled.question.kind.truth(labelled.question, grouping.frame[labelled.target.name])
    sizes, some = np.repeat(grouping.sizes, grouping.sizes), grouping.several
    for output in range(truth.shape[1]):
        y = truth[:, output]
        means = (np.repeat(grouping.sums(y), grouping.sizes) - y)[some] / (sizes[some] - 1)
        if means.std() > 0 and (np.abs(values[some] - means) <= 1e-3 * np.maximum(np.abs(means), y.std())).mean() >= WITHIN:
            return f"{_named(labelled)} over the other rows of the same {grouping.column.name}, which betrays the row's own"
    return ""


def _named(labelled: Labelled) -> str:
    return "the share of a class" if labelled.classes else f"the mean of {labelled.target.came}"


def _total(labelled: Labelled, grouping: Grouping, column: ColumnProfile, own: np.ndarray) -> str:
    """What a column counts or adds up over the group; empty where nothing fits."""
    if len(np.unique(grouping.sizes)) >= 3 and _fits(own, grouping.sizes.astype(np.float64)):
        return "the number"
    for other in labelled.table.columns:
        if not other.number or other is column or other.trap or other.name not in grouping.frame.columns:
            continue
        values = grouping.numbers(other)
        if not np.isfinite(values).all() or grouping.same(values) is not None:
            continue
        sums = grouping.sums(values)
        made = {"sum": sums, "mean": sums / grouping.sizes, "greatest": np.maximum.reduceat(values, grouping.starts)}
        for name, each in made.items():
            if _fits(own, each):
                return f"the {name} of {other.name}" if name != "greatest" else f"the greatest {other.name}"
    return ""


def _fits(own: np.ndarray, made: np.ndarray) -> bool:
    return bool((np.abs(own - made) <= 1e-3 * np.maximum(np.abs(made), 1.0)).mean() >= WITHIN - 0.03 and len(np.unique(made)) >= 3)
