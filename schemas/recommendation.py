"""What a valid event is."""

import datetime as dt

import pandera.polars as pa

from schemas.roles import column


class Event(pa.DataFrameModel):
    """A user rated an item, which is of some genres."""

    user: str = column("user", str_length={"min_value": 1, "max_value": 200})
    item: str = column("item", str_length={"min_value": 1, "max_value": 200})
    time: dt.datetime = column("time", ge=dt.datetime(1990, 1, 1))
    rating: float = column("rating", nullable=True, ge=0, le=5)
    genres: str = column(nullable=True)
