"""Small made-up use cases for tests of the machinery."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl

from lifecycle.sources import Generated
from lifecycle.splits import HashSplit, OrderSplit
from lifecycle.usecase import UseCase
from schemas.roles import column

START = dt.datetime(2026, 1, 1)


class Visit(pa.DataFrameModel):
    """A made-up visit to a shop."""

    visit: int = column("key", ge=0)
    at: dt.datetime = column("time")
    customer: int = column("entity", "group")
    gender: str = column("sensitive", isin=["f", "m"])
    amount: float = column(ge=0, le=10_000)
    kind: str = column(isin=["a", "b", "c"])
    age: float = column(nullable=True, ge=0, le=120)
    bought: bool = column("target", nullable=True)


def visits(rows: int = 2_000, seed: int = 1, shift: float = 0.0, signal: float = 2.0, unknown: int = 0) -> pl.DataFrame:
    """Visits, one a minute, whose target depends on amount and kind; `shift` moves the amounts; of the last `unknown` it is not known yet."""
    random = np.random.default_rng(seed)
    amount = random.gamma(2.0, 30.0, rows) * (1 + shift)
    kind = random.choice(["a", "b", "c"], rows)
    logit = signal * (amount / 60 - 1) + signal * (kind == "a") - 1
    return pl.DataFrame(
        {
            "visit": np.arange(rows),
            "at": pl.datetime_range(START, START + dt.timedelta(minutes=rows - 1), "1m", eager=True),
            "customer": random.integers(0, max(rows // 20, 2), rows),
            "gender": random.choice(["f", "m"], rows),
            "amount": amount.round(2),
            "kind": kind,
            "age": pl.Series(random.normal(40, 12, rows).clip(0, 120).round()).set(pl.Series(random.random(rows) < 0.05), None),
            "bought": random.random(rows) < 1 / (1 + np.exp(-logit)),
        }
    ).with_columns(bought=pl.when(pl.int_range(pl.len()) < rows - unknown).then("bought"))


def visit_source(**parameters: Any) -> Iterator[pl.DataFrame]:
    """The visits as a source."""
    yield visits(**parameters)


def visit_features(rows: pl.DataFrame) -> pl.DataFrame:
    """Inputs of the toy model."""
    return rows.select("amount", "kind", "age", log_amount=pl.col("amount").log1p())


def toy(name: str, **changes: Any) -> UseCase:
    """A toy use case with another name and other choices."""
    parameters = changes.pop("parameters", {})
    given: dict[str, Any] = {
        "title": "a toy",
        "problem": "binary",
        "schema": Visit,
        "source": Generated(visit_source, parameters, deterministic=True),
        "features": visit_features,
        "split": HashSplit(),
    }
    return UseCase(name=name, **{**given, **changes})


def later(rows: int = 4_000, more: int = 0, shift: float = 0.0, spoilt: int = 0) -> Iterator[pl.DataFrame]:
    """Visits, then `more` after them from a world in which amounts have grown by `shift` and large ones mean the opposite.

    The first `spoilt` visits have a kind that there is not.
    """
    first = visits(rows).with_columns(kind=pl.when(pl.col("visit") < spoilt).then(pl.lit("?")).otherwise("kind"))
    if not more:
        yield first
        return
    second = visits(more, seed=2, signal=-3.0).with_columns(pl.col("visit") + rows, pl.col("at") + pl.duration(minutes=rows))
    yield pl.concat([first, second.with_columns(pl.col("amount") * (1 + shift))])


class Reading(pa.DataFrameModel):
    """A made-up reading of a device that writes one line after the other, and no time."""

    heat: float = column(ge=-50, le=150)
    load: float = column(ge=0)
    warm: bool = column("target", nullable=True)
    place: int = column("order", nullable=True)


def readings(rows: int = 2_000, seed: int = 1) -> pl.DataFrame:
    """Readings that follow each other: heat wanders, and whether the next is warm depends on it and on the load."""
    random = np.random.default_rng(seed)
    heat = np.zeros(rows)
    for at in range(1, rows):
        heat[at] = 0.9 * heat[at - 1] + random.normal()
    load = random.gamma(2.0, 1.0, rows)
    warm = random.random(rows) < 1 / (1 + np.exp(-(1.2 * heat + load - 2)))
    return pl.DataFrame({"heat": heat.round(3), "load": load.round(3), "warm": warm})


def reading_source(**parameters: Any) -> Iterator[pl.DataFrame]:
    """The readings as a source."""
    yield readings(**parameters)


def chain(name: str, **changes: Any) -> UseCase:
    """A toy whose rows follow each other without a time."""
    given: dict[str, Any] = {
        "title": "a toy in order",
        "schema": Reading,
        "source": Generated(reading_source, changes.pop("parameters", {}), deterministic=True),
        "features": lambda rows: rows.select("heat", "load"),
        "split": OrderSplit(),
    }
    return toy(name, **{**given, **changes})
