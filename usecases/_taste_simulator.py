"""A simulator: these users, items and ratings are made up.

Users have tastes and items have qualities, which are points in a space of a few directions; an item's genres are the directions that it is
strong in, and of the items that a user meets, by popularity (a power law, as Zipf found it), the one is chosen that fits best, but for chance.
What a user then says of it, from 1 to 5, is the fit with noise. Items come out over time, and the world can change on a day.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.errors import DefinitionError

DAY_US = 86_400_000_000
GENRES = ("action", "comedy", "crime", "documentary", "drama", "family", "fantasy", "history", "music", "mystery", "romance", "science fiction")
ZIPF = 0.8
"""The exponent by which popularity falls with the rank."""
FIT = 6.0
"""How much more a well-fitting item is met, on the scale of the logarithm."""
MET = 12
"""A user sees so many items, drawn by popularity, and chooses among them."""
AFTER_START = 0.3
"""The share of items that come out during the days, and not before."""
SECOND_GENRE, NOISE = 0.5, 0.7
CHUNK = 250_000


def simulate(
    rows: int = 60_000,
    users: int = 0,
    items: int = 0,
    days: int = 120,
    more_days: int = 0,
    drift_day: int | None = None,
    seed: int = 1,
    start: str = "2026-01-01",
) -> Iterator[pl.DataFrame]:
    """Simulated ratings in order of time, some days at a time; no user meets an item twice on one day.

    With `more_days` or `drift_day` all that was there before stays the same.

    Args:
        rows: about how many events there are in `days`.
        users, items: how many there are; 0: as suits the events.
        days: how many days are simulated.
        more_days: how many more after these: what a later load would bring.
        drift_day: from this day (0 is the first) what was popular is not, and items nobody knew come out every day.
        seed: the same parameters and seed always give the same rows.
        start: the first day.

    Yields:
        Frames with user, item, time, rating and genres (apart by `|`).

    Raises:
        DefinitionError: a parameter is out of range.
    """
    if min(rows, days) < 1 or min(users, items, more_days, seed) < 0:
        raise DefinitionError(
            f"the taste simulator needs rows and days of at least 1, the others of at least 0, found rows={rows}, users={users}, items={items}, "
            f"days={days}, more_days={more_days}, seed={seed}; change them"
        )
    world = _world(seed, users or max(round(rows / 60), 20), items or int(min(max(rows**0.5 * 3, 60), 2_000)), days)
    first = int(np.datetime64(_date(start), "us").astype(np.int64))
    made: list[pl.DataFrame] = []
    for day in range(days + more_days):
        made.append(_events(world, seed, day, rows / days, first, changed=drift_day is not None and day >= drift_day))
        if sum(frame.height for frame in made) >= CHUNK or day == days + more_days - 1:
            yield pl.concat(made)
            made = []


@dataclass(frozen=True)
class _World:
    """What stays the same over the days; the second half of the items comes out in a world that has changed."""

    tastes: np.ndarray
    activity: np.ndarray
    qualities: np.ndarray
    genres: np.ndarray
    popularity: np.ndarray
    out: np.ndarray


def _world(seed: int, users: int, items: int, days: int) -> _World:
    random = np.random.default_rng([seed, 0])
    many, both = len(GENRES), 2 * items
    tastes = random.gamma(0.3, 1, (users, many))
    main, second = random.integers(0, many, (2, both))
    qualities = 0.1 * random.random((both, many))
    qualities[np.arange(both), main] += 1
    also = random.random(both) < SECOND_GENRE
    qualities[np.flatnonzero(also), second[also]] += 0.7
    names = np.array(GENRES, dtype=object)
    genres = np.where(also & (main != second), names[main] + "|" + names[second], names[main])
    rank = np.concatenate([random.permutation(items), random.permutation(items)]) + 1
    out = np.where(random.random(both) < AFTER_START, random.integers(0, max(days, 1), both), -1)
    return _World(
        tastes=tastes / np.linalg.norm(tastes, axis=1, keepdims=True),
        activity=random.pareto(2.0, users) + 0.2,
        qualities=qualities / np.linalg.norm(qualities, axis=1, keepdims=True),
        genres=genres,
        popularity=-ZIPF * np.log(rank),
        out=out,
    )


def _events(world: _World, seed: int, day: int, mean: float, first: int, *, changed: bool) -> pl.DataFrame:
    """One day in order of time."""
    random = np.random.default_rng([seed, 1, day])
    users, items = len(world.tastes), len(world.out) // 2
    count = int(random.poisson(mean))
    user = np.sort(random.choice(users, count, p=world.activity / world.activity.sum()))
    there = np.flatnonzero(world.out[:items] <= day)
    if changed:
        there = np.concatenate([there[np.argsort(world.popularity[there])][: len(there) // 3], items + np.flatnonzero(world.out[items:] <= day)])
    total = np.cumsum(np.exp(world.popularity[there]))
    met = there[np.searchsorted(total, random.random((count, MET)) * total[-1])]
    chance = FIT * np.einsum("nf,nmf->nm", world.tastes[user], world.qualities[met]) + random.gumbel(size=met.shape)
    item = met[np.arange(count), chance.argmax(axis=1)]
    fit = (world.tastes[user] * world.qualities[item]).sum(axis=1)
    rating = np.clip(np.round(2.2 + 2.8 * fit + random.normal(0, NOISE, count)), 1, 5)
    moment = np.sort(random.integers(0, DAY_US, count))
    frame = pl.DataFrame(
        {
            "user": pl.Series(user).cast(pl.String),
            "item": pl.Series(item).cast(pl.String),
            "time": pl.Series(first + day * DAY_US + random.permutation(moment)).cast(pl.Datetime("us")),
            "rating": rating,
            "genres": pl.Series(world.genres[item], dtype=pl.String),
        }
    )
    return (
        frame.with_columns(user="u" + pl.col("user"), item="i" + pl.col("item"))
        .unique(["user", "item"], keep="first", maintain_order=True)
        .sort("time")
    )


def _date(start: str) -> dt.date:
    try:
        return dt.date.fromisoformat(start)
    except ValueError:
        raise DefinitionError(f"the taste simulator starts on a day such as 2026-01-01, found '{start}'; change it") from None
