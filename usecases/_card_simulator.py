"""A simulator: these card transactions are made up, after the published design of the Fraud Detection Handbook.

Customers and terminals lie on a map; a customer pays at terminals near by, about noon, amounts about a mean of their own.
Three kinds of fraud: amounts above a threshold, compromised terminals, compromised customers. Design and parameters:
Le Borgne, Siblini, Lebichot, Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection - Practical
Handbook" (2022), chapter 3. Beyond the design: the map and the number of frauds grow with the population, so that density
and fraud rate are the same at any size; the truth becomes known days late; and the world can change on a given day.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from lifecycle.errors import DefinitionError
from lifecycle.sources import Generated
from lifecycle.world import World

DAY = 86_400
NOON, SPREAD = DAY / 2, 20_000  # seconds; what falls out of the day is dropped, as in the design
DAILY = 2 * 0.9692  # transactions a customer and day: U(0, 4) on average, less those dropped
RADIUS = 5.0
TERMINALS_A_CUSTOMER = 2
LARGE_AMOUNT = 220.0
TERMINAL_SHARE, TERMINAL_DAYS = 2 / 10_000, 28  # newly compromised each day, and for how long
CUSTOMER_SHARE, CUSTOMER_DAYS, CUSTOMER_RATE, CUSTOMER_FACTOR = 3 / 5_000, 14, 1 / 3, 5.0
LABEL_DELAY = (2 * DAY, 7 * DAY)

INFLATION = 2.0  # after the drift: of all amounts; large ones are no fraud any more,
SMALL_AMOUNT, NIGHT_END = 8.0, 5 * 3_600  # small ones at night are: stolen cards being tried out
DRIFTED_FACTOR = 1 / CUSTOMER_FACTOR  # and thieves of cards keep below what would be noticed

POPULATION, TRANSACTIONS, TERMINALS, CUSTOMERS, BAD = range(5)  # one independent stream of randomness each, and for each day
CHUNK = 500_000

PAST, DRIFT = 80, 30
"""Of a world that is played: so many days lie before its first, and on this day it changes."""
BAD_IDS, BAD_ROWS, BAD_DAYS = 900_000_000, 3, 10
"""Rows that are no transactions have numbers of their own; a world has so many of them on every tenth day."""


def simulate(
    rows: int = 200_000, days: int = 150, more_days: int = 0, drift_day: int | None = None, seed: int = 1, start: str = "2026-01-01", bad: int = 0
) -> Iterator[pl.DataFrame]:
    """Simulated card transactions in order of time, some days at a time.

    A day's transactions depend on nothing that comes later: with `more_days`, or with `drift_day`, all that was there
    before stays the same to the last bit, `TRANSACTION_ID` included.

    Args:
        rows: about how many transactions there are in `days`; it sets the number of customers and terminals.
        days: how many days are simulated.
        more_days: how many more after these, with the same customers and terminals: what a later load would bring.
        drift_day: from this day (0 is the first) amounts have doubled, and two of the kinds of fraud are others.
        seed: the same parameters and seed always give the same rows.
        start: the first day, as in 2026-01-01.
        bad: so many rows more, at the end, that are no valid transactions, as a till out of order sends them.

    Yields:
        Frames with TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD, and LABEL_TIME, which is
        when the truth became known: 2 to 7 days after the transaction.

    Raises:
        DefinitionError: a parameter is out of range.
    """
    wrong = [f"{name}={value!r}" for name, value in (("rows", rows), ("days", days)) if not isinstance(value, int) or value < 1]
    wrong += [
        f"{name}={value!r}" for name, value in (("more_days", more_days), ("seed", seed), ("bad", bad)) if not isinstance(value, int) or value < 0
    ]
    if wrong:
        raise DefinitionError(
            f"the card simulator needs whole numbers, rows and days of at least 1, more_days, seed and bad of at least 0, found {', '.join(wrong)}; change them"
        )
    world = _world(seed, customers=max(round(rows / days / DAILY), 1))
    midnight = np.datetime64(_date(start), "s").astype(np.int64)
    made: list[dict[str, np.ndarray]] = []
    first_id = 0
    for day in range(days + more_days):
        made.append(_transactions(world, seed, day, drifted=drift_day is not None and day >= drift_day))
        made[-1]["second"] += midnight + day * DAY
        if (count := sum(len(one["second"]) for one in made)) >= CHUNK or day == days + more_days - 1:
            yield _frame({name: np.concatenate([one[name] for one in made]) for name in made[0]}, first_id)
            first_id += count
            made = []
    if bad:
        yield _bad(bad, seed, midnight + (days + more_days) * DAY)


def world(days: int, last: dt.date) -> World:
    """A world of `PAST` days and so many more up to the last one, in which amounts double and frauds change on day `DRIFT`."""
    start = last - dt.timedelta(days=PAST + days - 1)

    def delivered(day: int) -> Generated:
        return Generated(deliver, {"day": day, "start": start.isoformat()}, deterministic=True)

    said = {DRIFT: "amounts double, and thieves change what they do"} if days >= DRIFT else {}
    return World(start + dt.timedelta(days=PAST), delivered, said)


def deliver(day: int, start: str, daily: int = 1_000, seed: int = 1) -> Iterator[pl.DataFrame]:
    """What a bank delivers at the end of a day: its transactions, whose truth is not known yet, and earlier ones whose truth became known on it.

    Args:
        day: 0 brings all of the `PAST`, with what is known of it by then.
        start: the first day of the past, as in 2026-01-01.
        daily: about how many transactions there are in a day.
        seed: of the world.
    """
    population = _world(seed, customers=max(round(daily / DAILY), 1))
    midnight = np.datetime64(_date(start), "s").astype(np.int64)
    today = PAST + day - 1
    from_day = 0 if day == 0 else max(today - LABEL_DELAY[1] // DAY - 1, 0)
    made, first_id = [], 0
    for each in range(today + 1):
        one = _transactions(population, seed, each, drifted=each >= PAST + DRIFT - 1)
        if each < from_day:
            first_id += len(one["second"])
            continue
        one["second"] += midnight + each * DAY
        made.append(one)
    frame = _frame({name: np.concatenate([one[name] for one in made]) for name in made[0]}, first_id)
    begin, end = (dt.datetime.combine(_date(start) + dt.timedelta(days=today + after), dt.time()) for after in (0, 1))
    known = pl.col("LABEL_TIME") < end
    told = frame.with_columns(pl.when(known).then(name).alias(name) for name in ("TX_FRAUD", "LABEL_TIME"))
    news = (pl.col("TX_DATETIME") >= begin) | (known & (pl.col("LABEL_TIME") >= begin)) if day else pl.lit(True)
    yield told.filter(news)
    if day % BAD_DAYS == BAD_DAYS - 1:
        yield _bad(BAD_ROWS, seed + day, midnight + (today + 1) * DAY)


def _bad(rows: int, seed: int, end: "int | np.integer[Any]") -> pl.DataFrame:
    """Rows that are no valid transactions, of the hour before a moment: amounts below 0 or too large, no terminal, a clock that was never set."""
    random = _stream(seed, BAD)
    made = {
        "second": np.sort(end - random.integers(1, 3_600, rows)),
        "customer": random.integers(0, 1_000, rows),
        "terminal": random.integers(0, 1_000, rows),
        "amount": random.uniform(5, 100, rows).round(2),
        "fraud": np.zeros(rows, dtype=bool),
        "delay": random.integers(*LABEL_DELAY, rows, endpoint=True),
    }
    kind, nobody = pl.int_range(pl.len()) % 4, pl.lit(None)
    return _frame(made, BAD_IDS + seed * 1_000).with_columns(
        TX_AMOUNT=pl.when(kind == 0).then(-pl.col("TX_AMOUNT")).when(kind == 1).then(pl.col("TX_AMOUNT") * 1e6).otherwise("TX_AMOUNT"),
        TERMINAL_ID=pl.when(kind != 2).then("TERMINAL_ID").otherwise(nobody),
        TX_DATETIME=pl.when(kind == 3).then(dt.datetime(1970, 1, 1)).otherwise("TX_DATETIME"),
        TX_FRAUD=nobody.cast(pl.Boolean),
        LABEL_TIME=nobody.cast(pl.Datetime("us")),
    )


@dataclass(frozen=True)
class _World:
    """What stays the same over the days; the terminals near customer c are `near[begin[c] : begin[c] + number[c]]`."""

    amount: np.ndarray
    rate: np.ndarray
    begin: np.ndarray
    number: np.ndarray
    near: np.ndarray
    terminals: int


def _world(seed: int, customers: int) -> _World:
    random = _stream(seed, POPULATION)
    terminals = TERMINALS_A_CUSTOMER * customers
    side = np.sqrt(terminals)  # 10,000 terminals on a map of 100 x 100, as in the design
    customer_at, terminal_at = random.uniform(0, side, (2, customers)), random.uniform(0, side, (2, terminals))
    customer, terminal = _near(customer_at, terminal_at, side)
    number = np.bincount(customer, minlength=customers)
    return _World(
        amount=_evenly(random, 5, 100, customers),
        rate=_evenly(random, 0, 4, customers),
        begin=np.cumsum(number) - number,
        number=number,
        near=terminal,
        terminals=terminals,
    )


def _near(customer_at: np.ndarray, terminal_at: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of a customer and a terminal within the radius, by customer; terminals are looked up in bands of the map."""
    width = side + 2 * RADIUS  # so that reaching over the end of a band does not reach into the next
    place = np.floor(terminal_at[1] / RADIUS) * width + terminal_at[0]
    order = np.argsort(place, kind="stable")
    place = place[order]
    pairs = []
    for step in (-1, 0, 1):
        middle = (np.floor(customer_at[1] / RADIUS) + step) * width + customer_at[0]
        begin, end = np.searchsorted(place, middle - RADIUS), np.searchsorted(place, middle + RADIUS)
        customer = np.repeat(np.arange(len(begin)), end - begin)
        terminal = order[np.arange(len(customer)) - np.repeat(np.cumsum(end - begin) - end, end - begin)]
        close = np.hypot(*(customer_at[:, customer] - terminal_at[:, terminal])) <= RADIUS
        pairs.append(np.stack([customer[close], terminal[close]]))
    customer, terminal = np.concatenate(pairs, axis=1)
    by_customer = np.argsort(customer, kind="stable")
    return customer[by_customer], terminal[by_customer]


def _transactions(world: _World, seed: int, day: int, drifted: bool) -> dict[str, np.ndarray]:
    """One day in order of time; `second` is that of the day."""
    random = _stream(seed, TRANSACTIONS, day)
    customer = np.repeat(np.arange(len(world.rate)), random.poisson(world.rate * (world.number > 0)))
    second = random.normal(NOON, SPREAD, len(customer)).astype(np.int64)
    order = np.argsort(second, kind="stable")
    order = order[(second[order] > 0) & (second[order] < DAY)]
    customer, second = customer[order], second[order]
    mean = world.amount[customer]
    amount = random.normal(mean, mean / 2)
    amount = np.where(amount < 0, random.uniform(0, 2 * mean), amount) * (INFLATION if drifted else 1)
    terminal = world.near[world.begin[customer] + (random.random(len(customer)) * world.number[customer]).astype(np.int64)]

    threshold = (amount < SMALL_AMOUNT) & (second < NIGHT_END) if drifted else amount > LARGE_AMOUNT
    at_terminal = np.isin(terminal, _compromised(seed, TERMINALS, day, world.terminals, TERMINAL_SHARE, TERMINAL_DAYS))
    of_customer = np.isin(customer, _compromised(seed, CUSTOMERS, day, len(world.rate), CUSTOMER_SHARE, CUSTOMER_DAYS))
    of_customer &= random.random(len(customer)) < CUSTOMER_RATE
    amount = np.where(of_customer, amount * (DRIFTED_FACTOR if drifted else CUSTOMER_FACTOR), amount)
    return {
        "second": second,
        "customer": customer,
        "terminal": terminal,
        "amount": amount.round(2),
        "fraud": threshold | at_terminal | of_customer,
        "delay": random.integers(*LABEL_DELAY, len(customer), endpoint=True),
    }


def _compromised(seed: int, what: int, day: int, population: int, share: float, length: int) -> np.ndarray:
    """Who is compromised on a day: those hit on it or on the `length - 1` days before, before the first day, too."""
    phase = _stream(seed, what).random()
    hit = [np.array([], dtype=np.int64)]
    for earlier in range(day - length + 1, day + 1):
        # A share of the population each day, evenly: of a small one, one in so many days.
        number = int(np.floor((earlier + 1) * population * share + phase) - np.floor(earlier * population * share + phase))
        if number:
            hit.append(_stream(seed, what, earlier).choice(population, min(number, population), replace=False))
    return np.concatenate(hit)


def _frame(made: dict[str, np.ndarray], first_id: int) -> pl.DataFrame:
    moment = pl.Datetime("us")
    return pl.DataFrame(
        {
            "TRANSACTION_ID": np.arange(first_id, first_id + len(made["second"])),
            "TX_DATETIME": pl.Series(made["second"] * 1_000_000).cast(moment),
            "CUSTOMER_ID": made["customer"],
            "TERMINAL_ID": made["terminal"],
            "TX_AMOUNT": made["amount"],
            "TX_FRAUD": made["fraud"],
            "LABEL_TIME": pl.Series((made["second"] + made["delay"]) * 1_000_000).cast(moment),
        }
    )


def _evenly(random: np.random.Generator, low: float, high: float, count: int) -> np.ndarray:
    """Uniform, one in each of `count` equal steps: few customers have the average that many have."""
    return low + (high - low) * (random.permutation(count) + random.random(count)) / count


def _stream(seed: int, what: int, day: int = -365) -> np.random.Generator:
    return np.random.default_rng([seed, what, day + 365])


def _date(start: str) -> dt.date:
    try:
        return dt.date.fromisoformat(start)
    except ValueError:
        raise DefinitionError(f"the card simulator's start is a day as in 2026-01-01, found '{start}'; change it") from None
