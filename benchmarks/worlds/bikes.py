"""Bikes: from day 44 on a new tram line takes riders away; the inputs look as before, the promise is broken."""

import datetime as dt
from typing import Any

import numpy as np
import pandera.polars as pa
from _world import DAY, daily

from lifecycle import Gate, Generated, HashSplit, Monitoring, Tuning, UseCase
from lifecycle.candidates.linear_models import linear
from lifecycle.source import ByColumn
from schemas.roles import column

FROM = 44


class Hour(pa.DataFrameModel):
    """An hour at a station."""

    number: int = column("key", ge=0)
    at: dt.datetime = column("time")
    station: str = column(isin=["harbour", "castle", "park", "campus", "market"])
    temperature: float = column(ge=-40, le=50)
    holiday: bool = column()
    wind: float = column(ge=0, nullable=True)
    rented: float = column("target", nullable=True, ge=0)


def draw(random: np.random.Generator, rows: int, day: int) -> dict[str, Any]:
    """The columns of a day."""
    stations = ["harbour", "castle", "park", "campus", "market"]
    station, temperature, wind = random.choice(stations, rows), random.normal(14, 6, rows).clip(-40, 50), random.exponential(4, rows)
    holiday = random.random(rows) < 0.1
    usual = 20 + 1.4 * temperature - wind + 12 * (station == "campus") - 8 * holiday
    rented = np.maximum(usual * (0.68 if day >= FROM else 1) + random.normal(0, 5, rows), 0)
    return {"station": station, "temperature": temperature.round(1), "holiday": holiday, "wind": wind.round(1), "rented": rented.round()}


use_case = UseCase(
    name="bikes", title="How many bikes are rented in the next hour?", problem="regression", schema=Hour, split=HashSplit(), slices=("station",),
    source=Generated(daily(draw, 3, 150), incremental=ByColumn("at")), candidates=(linear(),), tuning=Tuning(trials=0), gate=Gate(rows=300),
    monitoring=Monitoring(window=DAY, follows="alert"),
    features=lambda rows: rows.select("station", "temperature", "holiday", "wind"),
)  # fmt: skip
