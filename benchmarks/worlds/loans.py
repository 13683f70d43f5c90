"""Loans: on day 30 a branch begins to report incomes by the month; a person approves each new model."""

import datetime as dt
from typing import Any

import numpy as np
import pandera.polars as pa
from _world import DAY, chance, daily

from lifecycle import Gate, Generated, HashSplit, Monitoring, Tuning, UseCase
from lifecycle.source import ByColumn
from schemas.roles import column

FROM = 30


class Loan(pa.DataFrameModel):
    """An application for a loan."""

    number: int = column("key", ge=0)
    at: dt.datetime = column("time")
    income: float = column(ge=0)
    amount: float = column(ge=0)
    years: int = column(ge=1, le=30)
    purpose: str = column(isin=["car", "home", "study", "other"])
    gender: str = column("sensitive", isin=["f", "m"])
    defaulted: bool = column("target", nullable=True)


def draw(random: np.random.Generator, rows: int, day: int) -> dict[str, Any]:
    """The columns of a day."""
    income, amount = random.lognormal(10.6, 0.45, rows), random.lognormal(9.3, 0.6, rows)
    years, purpose = random.integers(1, 31, rows), random.choice(["car", "home", "study", "other"], rows)
    bad = random.random(rows) < chance(2.6 * np.log(amount / income) + 2.2 + 0.8 * (purpose == "other") - years / 30)
    told = np.where((day >= FROM) & (random.random(rows) < 0.4), income / 12, income)
    return {
        "income": told.round(), "amount": amount.round(), "years": years, "purpose": purpose,
        "gender": random.choice(["f", "m"], rows), "defaulted": bad,
    }  # fmt: skip


use_case = UseCase(
    name="loans", title="Which loans will not be paid back?", problem="binary", schema=Loan, split=HashSplit(), slices=("purpose",), approval="human",
    source=Generated(daily(draw, 2, 160), incremental=ByColumn("at")), tuning=Tuning(trials=2), gate=Gate(rows=300), monitoring=Monitoring(window=DAY),
    features=lambda rows: rows.select("income", "amount", "years", "purpose"),
)  # fmt: skip
