"""Parcels: a world that stays as it is, with a few cells that no schema accepts."""

import datetime as dt
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
from _world import DAY, chance, daily

from lifecycle import Gate, Generated, HashSplit, Monitoring, Tuning, UseCase
from lifecycle.candidates.linear_models import linear
from lifecycle.source import ByColumn
from schemas.roles import column


class Parcel(pa.DataFrameModel):
    """A parcel on its way."""

    number: int = column("key", ge=0)
    at: dt.datetime = column("time")
    distance_km: float = column(ge=0, le=5_000)
    weight_kg: float = column(ge=0, le=70)
    carrier: str = column(isin=["north", "swift", "post", "rail"])
    rain_mm: float = column(ge=0, nullable=True)
    late: bool = column("target", nullable=True)


def draw(random: np.random.Generator, rows: int, day: int) -> dict[str, Any]:
    """The columns of a day."""
    distance, weight, rain = random.gamma(2, 180, rows).clip(0, 5_000), random.gamma(2, 3, rows).clip(0, 70), random.exponential(3, rows)
    carrier = random.choice(["north", "swift", "post", "rail"], rows, p=[0.3, 0.3, 0.3, 0.1])
    late = random.random(rows) < chance(distance / 250 + rain / 4 + 1.2 * (carrier == "post") - 3.4)
    weight[random.random(rows) < 0.01] = 480.0  # grams, from one scale
    return {"distance_km": distance.round(1), "weight_kg": weight.round(2), "carrier": carrier, "rain_mm": rain.round(1), "late": late}


use_case = UseCase(
    name="parcels", title="Will a parcel arrive late?", problem="binary", schema=Parcel, split=HashSplit(), slices=("carrier",),
    source=Generated(daily(draw, 1, 160), incremental=ByColumn("at")), candidates=(linear(),), tuning=Tuning(trials=0), gate=Gate(rows=300), monitoring=Monitoring(window=DAY),
    features=lambda rows: rows.select("distance_km", "weight_kg", "carrier", "rain_mm", weekday=pl.col("at").dt.weekday()),
)  # fmt: skip
