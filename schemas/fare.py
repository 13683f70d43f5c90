"""What a valid taxi trip is."""

import pandera.polars as pa

from schemas.roles import column


class Trip(pa.DataFrameModel):
    """A trip with a yellow cab in New York City, as its meter recorded it."""

    vendor_id: str = column(isin=["CMT", "VTS"])
    rate_code: int = column(ge=0, le=99)
    """1 standard, 2 JFK (a flat fare), 3 Newark, 4 Nassau or Westchester, 5 negotiated, 6 group."""
    passenger_count: int = column(ge=0, le=9)
    trip_time_in_secs: int = column(ge=0, le=86_400)
    trip_distance: float = column(ge=0, le=500)
    """In miles."""
    payment_type: str = column(isin=["CRD", "CSH", "DIS", "NOC", "UNK"])
    fare_amount: float = column("target", nullable=True, ge=0, le=1_000)
    """In dollars, without tip, tax and tolls."""
    split: str = column("split", isin=["train", "test"])
