"""Moments that are always later than the row, and what is made of them: known too late to be an input."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from lifecycle.draft import vocabulary
from lifecycle.draft.columns import ColumnProfile
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import words
from lifecycle.draft.traps import trap
from lifecycle.draft.traps.labelled import Labelled

NEVER_EARLIER, MOSTLY_LATER = 0.999, 0.5
"""The share of a moment's values that are not earlier than the row's time, and of those that are later."""
AT_LEAST = 50
SAME = 0.995
"""The share of rows in which a column is what is made of a late moment."""
UNITS = {"seconds": 1.0, "minutes": 60.0, "hours": 3_600.0, "days": 86_400.0, "weeks": 604_800.0}


def find(labelled: Labelled) -> Iterator[DraftWarning]:
    """Leave out the moments after the row's own time, with the durations, flags and columns that are made of them."""
    time = labelled.table.one("time")
    if time is None:
        return
    start = _seconds(labelled, time)
    for column in [column for column in labelled.inputs if column.moment]:
        end = _seconds(labelled, column)
        share = _later(start, end)
        if not share or words(column.came) & vocabulary.PLANNED:
            continue
        made = [(each, how) for each in labelled.inputs if each is not column and (how := _made(labelled, each, start, end, column.nulls > 0))]
        also = f"; so are {', '.join(f'{each.name} ({how})' for each, how in made)}" if made else ""
        said = f"too late: {column.name} is never before {time.name} and after it in {share:.1%} of the rows, so it is left out as known only later{also}"
        together = [column, *(each for each, _ in made)]
        yield trap.left_out(
            "late", together, f"{column.name} is later than the row", said, "it is known when a prediction is needed, as a planned date is"
        )


def before(labelled: Labelled, column: ColumnProfile) -> bool:
    """Whether a column is a moment that is never later than the row."""
    time = labelled.table.one("time")
    if time is None or not column.moment:
        return False
    start, end = _seconds(labelled, time), _seconds(labelled, column)
    return not (end > start).any()


def _seconds(labelled: Labelled, column: ColumnProfile) -> np.ndarray:
    moments = labelled.frame[column.name].cast(pl.Datetime("us")).to_physical().cast(pl.Float64)
    return moments.fill_null(np.nan).to_numpy() / 1e6


def _later(start: np.ndarray, end: np.ndarray) -> float:
    """The share of known moments that are later than the row, where next to none is earlier; else 0."""
    known = np.isfinite(start) & np.isfinite(end)
    if known.sum() < AT_LEAST:
        return 0.0
    ahead = end[known] - start[known]
    later = float((ahead > 0).mean())
    return later if (ahead >= 0).mean() >= NEVER_EARLIER and later >= MOSTLY_LATER else 0.0


def _made(labelled: Labelled, column: ColumnProfile, start: np.ndarray, end: np.ndarray, some_missing: bool) -> str:
    """How a column is made of the late moment: the time until it, a flag of it being there, or a value that is there with it; else empty."""
    values = labelled.frame[column.name]
    if column.number:
        numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        both = np.isfinite(numbers) & np.isfinite(end) & np.isfinite(start)
        for unit, seconds in UNITS.items():
            if both.sum() >= AT_LEAST and (np.abs((end - start)[both] / seconds - numbers[both]) <= 1.0).mean() >= SAME and np.ptp(numbers[both]) > 3:
                return f"the {unit} until then"
    there = np.isfinite(end)
    if not some_missing or not 0.005 < there.mean() < 0.995:
        return ""
    if column.distinct == 2 and not column.nulls:
        flag = (values == values[0]).to_numpy()
        if max((flag == there).mean(), (flag != there).mean()) >= SAME:
            return "whether there is one"
    if column.nulls and (values.is_not_null().to_numpy() == there).mean() >= SAME:
        return "there only with it"
    return ""
