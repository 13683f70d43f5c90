"""Turbines: so few rows that no model was promoted yet."""

import datetime as dt
from typing import Any

import numpy as np
import pandera.polars as pa
from _world import DAY, daily

from lifecycle import Gate, Generated, HashSplit, Monitoring, Tuning, UseCase
from lifecycle.source import ByColumn
from schemas.roles import column


class Turbine(pa.DataFrameModel):
    """An inspection of a wind turbine."""

    number: int = column("key", ge=0)
    at: dt.datetime = column("time")
    vibration: float = column(ge=0)
    hours: float = column(ge=0)
    fails: bool = column("target", nullable=True)


def draw(random: np.random.Generator, rows: int, day: int) -> dict[str, Any]:
    """The columns of a day."""
    vibration, hours = random.gamma(2, 1.5, rows), random.uniform(0, 9_000, rows)
    return {"vibration": vibration.round(2), "hours": hours.round(), "fails": random.random(rows) < 0.2}


use_case = UseCase(
    name="turbines", title="Will a wind turbine fail within a month?", problem="binary", schema=Turbine, split=HashSplit(),
    source=Generated(daily(draw, 6, 15), incremental=ByColumn("at")), tuning=Tuning(trials=2), gate=Gate(rows=600), monitoring=Monitoring(window=DAY),
    features=lambda rows: rows.select("vibration", "hours"),
)  # fmt: skip
