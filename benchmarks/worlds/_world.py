"""What the small worlds of the overview share: rows day by day, the same every time, from a seed and the day."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

START = dt.datetime(2026, 1, 1)
DAY = dt.timedelta(days=1)
Draw = Callable[[np.random.Generator, int, int], dict[str, Any]]
"""Random numbers, how many rows, which day: the columns of a day beside its key and its time."""


def daily(draw: Draw, seed: int, a_day: int) -> Callable[..., Iterator[pl.DataFrame]]:
    """A source of so many rows a day, for the days from `since` to `until`."""

    def rows(since: Any = None, until: Any = None, days: int = 30) -> Iterator[pl.DataFrame]:
        """A made-up world, day by day."""
        first = 0 if since is None else (since - START) // DAY
        last = days if until is None else (until - START) // DAY
        for day in range(first, last):
            random = np.random.default_rng([seed, day])
            seconds = np.sort(random.integers(0, 86_400, a_day))
            frame = pl.DataFrame({"number": np.arange(day * a_day, (day + 1) * a_day), **draw(random, a_day, day)})
            yield frame.with_columns(at=pl.lit(START + day * DAY) + pl.Series(seconds * 1_000_000).cast(pl.Duration("us")))

    return rows


def chance(logit: Any) -> np.ndarray:
    """The probability of a logit."""
    return 1 / (1 + np.exp(-np.asarray(logit, float)))
