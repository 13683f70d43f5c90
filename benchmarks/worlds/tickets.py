"""Tickets: four teams; the newest batch has so many broken rows that it is refused."""

import datetime as dt
from typing import Any

import numpy as np
import pandera.polars as pa
from _world import DAY, daily

from lifecycle import Gate, Generated, HashSplit, Monitoring, Tuning, UseCase
from lifecycle.candidates.linear_models import linear
from lifecycle.source import ByColumn
from schemas.roles import column

LAST = 59


class Ticket(pa.DataFrameModel):
    """A ticket of the support desk."""

    number: int = column("key", ge=0)
    at: dt.datetime = column("time")
    channel: str = column(isin=["mail", "phone", "chat"])
    words: float = column(ge=0)
    attachments: int = column(ge=0, le=20)
    product: str = column(isin=["app", "web", "bill", "device"])
    team: str = column("target", nullable=True, isin=["billing", "technical", "sales", "returns"])


def draw(random: np.random.Generator, rows: int, day: int) -> dict[str, Any]:
    """The columns of a day."""
    channel, product = random.choice(["mail", "phone", "chat"], rows), random.choice(["app", "web", "bill", "device"], rows)
    words, attachments = random.gamma(2, 60, rows), random.poisson(0.6, rows).clip(0, 20)
    scores = np.stack(
        [
            3.0 * (product == "bill"),
            1.2 * (product == "app") + words / 120,
            1.5 * (channel == "phone"),
            2.4 * (product == "device") + attachments / 2,
        ],
        1,
    )
    team = np.array(["billing", "technical", "sales", "returns"])[(scores + random.gumbel(0, 0.7, scores.shape)).argmax(1)]
    if day == LAST:
        channel = np.where(random.random(rows) < 0.3, "fax", channel)
    return {"channel": channel, "words": words.round(), "attachments": attachments, "product": product, "team": team}


use_case = UseCase(
    name="tickets", title="Which team answers a ticket?", problem="multiclass", schema=Ticket, split=HashSplit(), slices=("product",),
    source=Generated(daily(draw, 4, 150), incremental=ByColumn("at")), candidates=(linear(),), tuning=Tuning(trials=0), gate=Gate(rows=300, slices=0.0), monitoring=Monitoring(window=DAY),
    features=lambda rows: rows.select("channel", "words", "attachments", "product"),
)  # fmt: skip
