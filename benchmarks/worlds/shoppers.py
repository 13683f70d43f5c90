"""Shoppers: groups without a target."""

import datetime as dt
from typing import Any

import numpy as np
import pandera.polars as pa
from _world import DAY, daily

from lifecycle import Gate, Generated, HashSplit, Monitoring, Tuning, UseCase
from lifecycle.source import ByColumn
from schemas.roles import column


class Shopper(pa.DataFrameModel):
    """A customer's last month."""

    number: int = column("key", ge=0)
    at: dt.datetime = column("time")
    visits: float = column(ge=0)
    spent: float = column(ge=0)
    returned: float = column(ge=0, le=1)


def draw(random: np.random.Generator, rows: int, day: int) -> dict[str, Any]:
    """The columns of a day."""
    group = random.choice(3, rows, p=[0.5, 0.3, 0.2])
    visits, spent = random.normal([3, 12, 25], [1, 2, 3])[group], np.array([40.0, 220.0, 90.0])[group]
    return {
        "visits": (visits + random.normal(0, 1, rows)).clip(0).round(1), "spent": (spent + random.normal(0, 12, rows)).clip(0).round(2),
        "returned": (np.array([0.1, 0.15, 0.6])[group] + random.normal(0, 0.05, rows)).clip(0, 1).round(3),
    }  # fmt: skip


use_case = UseCase(
    name="shoppers", title="Which kinds of shoppers are there?", problem="clustering", schema=Shopper, split=HashSplit(),
    source=Generated(daily(draw, 5, 130), incremental=ByColumn("at")), tuning=Tuning(trials=2), gate=Gate(rows=200), monitoring=Monitoring(window=DAY),
    features=lambda rows: rows.select("visits", "spent", "returned"),
)  # fmt: skip
