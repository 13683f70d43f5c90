"""Look-back windows: what had happened to the same entity in the time before each row, and was known by then."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import numpy as np
import polars as pl

from lifecycle.errors import DataError, DefinitionError

GRAIN = 2**20
"""Values are summed as whole numbers of 1 / GRAIN, about a millionth."""
SHORT_FRAME_ROWS = 10_000
"""Of fewer rows it is the calls that cost, not the work in them: these take the shortest way."""
LIMIT = 2**63
"""What an int64 stays below."""


def lookback(
    rows: pl.DataFrame, *, by: str, time: str, spans: Mapping[str, timedelta], prefix: str, value: str | None = None, known: str | None = None
) -> pl.DataFrame:
    """Counts, sums and means over the window `[t - span, t)` before each row's time `t`, within the row's entity.

    The row itself, and every other row of the same moment, is outside its window. A row with a null in any column named
    here is no event; a row whose entity or time is null has no history. Over no events the count is 0, the sum 0 and
    the mean null.

    Sums are made of integers, so the rows around a window cannot change its last bits: a row computed together with only
    its own window's events gets exactly what it gets in the full table.

    Args:
        rows: n rows, in any order.
        by: the column of the entity: a card, a customer.
        time: the column of the moments (to the microsecond) that the windows end at.
        spans: how long the windows are, by the names that the new columns get.
        prefix: how the names of the new columns begin.
        value: the column to sum (numbers or Booleans); `None`: count only.
        known: the column of the moments at which `value` became known. These then date the events in place of `time`:
            an outcome counts if it became known within the window, so nothing is used that was not known before `t`.

    Returns:
        n rows, in the order of `rows`: for each span `{prefix}_count_{span}` (Int32) and, with a value,
        `{prefix}_sum_{span}` and `{prefix}_mean_{span}` (Float64).

    Raises:
        DefinitionError: a span is not positive.
        DataError: values are too large for exact sums.
    """
    _check(spans, prefix)
    entity, at = _codes(rows[by]) * _present(rows[time]), _microseconds(rows[time])
    dated = at if known is None else _microseconds(rows[known])
    amount = rows[value].cast(pl.Float64).to_numpy() if value else None  # a null as NaN
    event = _present(*(rows[name] for name in (by, time, known) if name))
    event = event if amount is None else event & ~np.isnan(amount)
    place = _places(int(entity.max(initial=0)) + 1, dated[event])

    here = place(entity, at)
    there = here if known is None else place(entity, dated)
    asking = np.argsort(here)  # neighbours in this order search in neighbouring places: ten times faster
    events = asking[event[asking]] if known is None else np.flatnonzero(event)[np.argsort(there[event])]
    there = there[events]
    totals = None if amount is None else _totals(amount[events], np.bincount(entity[events]).max(initial=0), value)

    end = np.searchsorted(there, here[asking])
    entity, at = entity[asking], at[asking]
    found: dict[str, pl.Series] = {}
    for name, span in spans.items():
        start = np.searchsorted(there, place(entity, at - span // timedelta(microseconds=1)))
        for kind, values in _between(start, end, totals).items():
            found[f"{prefix}_{kind}_{name}"] = _back(values, asking)
    return pl.DataFrame(found)


def _check(spans: Mapping[str, timedelta], prefix: str) -> None:
    for name, span in spans.items():
        if span <= timedelta(0):
            raise DefinitionError(f"window '{name}' of '{prefix}': a window looks back over a positive time, found {span}; give it a longer one")


def _codes(entity: pl.Series) -> np.ndarray:
    """Whole numbers from 1 in place of the entities' names, whatever their type; 0 for null."""
    if len(entity) < SHORT_FRAME_ROWS:
        if entity.dtype.is_integer() and not entity.null_count():
            return np.unique(entity.to_numpy(), return_inverse=True)[1] + 1
        return entity.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    names = entity.drop_nulls().unique().alias("name").to_frame().with_row_index("code", 1)
    codes = entity.alias("name").to_frame().join(names, on="name", how="left", maintain_order="left")["code"]
    return codes.fill_null(0).cast(pl.Int64).to_numpy()


def _microseconds(moments: pl.Series) -> np.ndarray:
    whole = moments.cast(pl.Datetime("us", getattr(moments.dtype, "time_zone", None))).to_physical()
    return (whole.fill_null(0) if whole.null_count() else whole).to_numpy()


def _present(*columns: pl.Series) -> np.ndarray:
    present = np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        if column.null_count():
            present &= column.is_not_null().to_numpy()
    return present


def _places(entities: int, moments: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """One number for an entity and a moment: sorts by entity, then by moment as far as the events tell moments apart."""
    first, last = (int(moments.min()), int(moments.max())) if len(moments) else (0, 0)
    length = last - first + 2
    if entities * length < LIMIT:
        return lambda entity, moment: entity * length + (np.clip(moment, first, last + 1) - first)
    # Too many entities over too long a time for one int64: a moment's rank among the events stands for it.
    ranks = np.sort(moments)
    return lambda entity, moment: entity * (len(ranks) + 1) + np.searchsorted(ranks, moment)


def _totals(values: np.ndarray, most: int, name: str | None) -> np.ndarray:
    """Running totals in grains, one longer than the values. They may wrap around: differences that fit int64 stay right."""
    grains = np.rint(values * GRAIN)
    largest = np.abs(grains).max(initial=0)
    if largest * most >= LIMIT:
        raise DataError(
            f"column '{name}': sums over a window must stay below {LIMIT / GRAIN:.1e} to be exact, "
            f"found values up to {largest / GRAIN:.1e} and up to {most} rows of one entity; use a larger unit"
        )
    return np.concatenate([[0], np.cumsum(grains.astype(np.int64))])


def _between(start: np.ndarray, end: np.ndarray, totals: np.ndarray | None) -> dict[str, np.ndarray]:
    count = end - start
    if totals is None:
        return {"count": count.astype(np.int32)}
    total = (totals[end] - totals[start]) / GRAIN
    mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return {"count": count.astype(np.int32), "sum": total, "mean": mean}


def _back(values: np.ndarray, order: np.ndarray) -> pl.Series:
    """The values in the order of the rows that `order` took them from; what is no number becomes null."""
    placed = np.empty_like(values)
    placed[order] = values
    return pl.Series(placed, nan_to_null=True)
