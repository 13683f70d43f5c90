"""Columns that nearly every row has its own of: identifiers, also where a few values come again, or honest measurements."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from lifecycle.draft import time_column, vocabulary
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import words
from lifecycle.draft.traps import trap
from lifecycle.draft.traps.labelled import Labelled
from lifecycle.draft.traps.score import told
from lifecycle.store.lake import quoted

NEARLY = 0.9
"""The share of rows that have a value of their own, at least."""
AT_LEAST = 100
"""Rows that can show it."""
FEWER_REPEATS, REPEATS = 0.35, 8.0
"""The share of the repeats that chance would make up to which numbers were given out and not measured, where chance would make so many."""
IN_ORDER = 0.995
EVEN = 1.95
"""Of the distance from an even spread, times the root of the rows (Kolmogorov's limit at .001)."""
DIGITS, MILLION = 5, 1_000_000
SAYS = {True: 0.05, False: 0.03}
"""The ROC AUC above a half, or the R2, from which the size of a number says something of the target."""
BINS = 12
MAX_ROWS = 200_000


def find(table: Table, labelled: Labelled | None) -> Iterator[DraftWarning]:
    """Leave out the identifiers among the inputs, all in one warning; say which texts were left out as such."""
    found = [(column, "its texts") for column in table.columns if column.why.startswith("left out: nearly every row has its own")]
    found += [(column, "by its name") for column in table.columns if column.why == "left out: it counts rows"]
    for column in table.columns:
        if column.feature and (why := _identifier(table, column, labelled)):
            found.append((column, why))
    if not found:
        return
    said = "; ".join(f"{column.name} has {column.distinct:,} values in {column.rows - column.nulls:,} rows ({why})" for column, why in found)
    several = len(found) > 1
    yield trap.left_out(
        "near-unique",
        [column for column, _ in found],
        "nearly every row has its own, so that it tells rows apart and teaches nothing",
        f"identifiers: {said}; {'they tell' if several else 'it tells'} rows apart, also with a few repeats, and"
        f" {'are' if several else 'is'} left out: of a random split a model learns the neighbours, which later rows do not have",
        f"{'they measure' if several else 'it measures'} something",
    )


def _identifier(table: Table, column: ColumnProfile, labelled: Labelled | None) -> str:
    """Why a column of whole numbers is an identifier; empty where it may be a measurement."""
    known = column.rows - column.nulls
    if not column.number or known < AT_LEAST or column.distinct < NEARLY * known or _thinned(table, column):
        return ""
    numbers = _numbers(table, column)
    if len(numbers) < AT_LEAST or not (numbers == np.round(numbers)).all():
        return ""
    if _named(column):
        return "by its name"
    if any(clock.fits(column) for clock in time_column.CLOCKS) or words(column.came) & (vocabulary.SECONDS | vocabulary.MEASURED):
        return ""
    if _given_out(numbers):
        return "fewer repeats than chance would make among measurements"
    even = _even(numbers)
    order = np.corrcoef(np.arange(len(numbers)), numbers)[0, 1]
    if abs(order) >= IN_ORDER and (np.diff(numbers) * order >= 0).mean() >= IN_ORDER:
        return "they run with the rows"
    fixed = len(str(int(numbers.min()))) == len(str(int(numbers.max()))) >= DIGITS
    if even and (fixed or numbers.min() >= MILLION) and not _says(column, labelled):
        return f"spread evenly from {int(numbers.min())} to {int(numbers.max())}, and their size says nothing of the target"
    return ""


def _thinned(table: Table, column: ColumnProfile) -> bool:
    """Whether the sample of a large source makes a value look rare that comes again in the whole of it."""
    sample = table.sample
    return sample.distinct.get(column.came, sample.total) < 0.85 * sample.total


def _numbers(table: Table, column: ColumnProfile) -> np.ndarray:
    """The known values in the order of the rows, at most `MAX_ROWS` from the first on."""
    name = quoted(column.name)
    rows = table.sample.connection.sql(f"SELECT {name}::DOUBLE AS v FROM clean WHERE {name} IS NOT NULL LIMIT {MAX_ROWS}").pl()
    return rows["v"].to_numpy()


def _named(column: ColumnProfile) -> bool:
    """Whether the name says that it tells things apart: `policy_number` does, `number_of_rooms` does not."""
    said = words(column.came)
    last = column.name.lower().rstrip("_0123456789").rsplit("_", 1)[-1]
    return bool(said & vocabulary.TELLS_APART) or any(last.endswith(word) and (len(word) > 3 or last == word) for word in vocabulary.NUMBERED)


def _given_out(numbers: np.ndarray) -> bool:
    """Whether values repeat much less often than numbers drawn from their range would: an uneven draw repeats more often still."""
    rows, room = len(numbers), numbers.max() - numbers.min() + 1
    expected = rows - room * -np.expm1(-rows / room)
    return bool(expected >= REPEATS and rows - len(np.unique(numbers)) <= FEWER_REPEATS * expected)


def _even(numbers: np.ndarray) -> bool:
    """Whether values fill their range evenly, by Kolmogorov's distance."""
    low, high = numbers.min(), numbers.max()
    place = (np.sort(numbers) - low) / max(high - low, 1)
    return bool(np.abs(place - (np.arange(len(place)) + 0.5) / len(place)).max() * len(place) ** 0.5 <= EVEN)


def _says(column: ColumnProfile, labelled: Labelled | None) -> bool:
    """Whether the size of a number, in a few ranges, says something of the target."""
    if labelled is None:
        return True
    numbers = labelled.frame[column.name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    edges = np.nanquantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])
    codes = np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right") + 1, 0)
    score = told(codes, labelled.truth, labelled.folds)
    return score - (0.5 if labelled.classes else 0.0) >= SAYS[labelled.classes]
