"""Fare: what a taxi trip in New York City costs, from its meter's time and distance."""

import polars as pl

from lifecycle import ColumnSplit, File, Files, UseCase
from schemas.fare import Trip

PUBLISHED = "https://raw.githubusercontent.com/dotnet/machinelearning-samples/427ccb68ab1da8f0600bf7653b5158ec1f04c3cb/datasets"


def trips(name: str, split: str, sha256: str) -> File:
    """One of the two published files."""
    return File(f"nyc_taxi_fare_dotnet/{name}", add={"split": split}, url=f"{PUBLISHED}/{name}", sha256=sha256)


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """The meter counts miles (2.50 dollars each) above 12 miles an hour and time (30 an hour) below; some rates are flat."""
    miles, hours = pl.col("trip_distance"), pl.col("trip_time_in_secs") / 3600
    return rows.select(
        "trip_distance",
        "trip_time_in_secs",
        "passenger_count",
        "vendor_id",
        "payment_type",
        rate=pl.col("rate_code").cast(pl.String),
        mph=pl.when(hours > 0).then((miles / hours).clip(0, 100)),
        metered=2.5 + pl.max_horizontal(miles * 2.5, hours * 30),
    )


use_case = UseCase(
    name="fare",
    title="Fare of a taxi trip (New York City)",
    problem="regression",
    schema=Trip,
    source=Files(
        files=(
            trips("taxi-fare-train.csv", "train", "7dfb4cc029c05e6d3ffb14d9058129c30b740ef45e121a5d76a94f898b775967"),
            trips("taxi-fare-test.csv", "test", "9c2c510697cab96878c70df80d8688c3c9b8c5d1049528193d4b749e7d95dfc8"),
        )
    ),
    features=features,
    metric="mae",  # a few negotiated fares, which no meter explains, would decide a squared error
    split=ColumnSplit(),
    slices=("vendor_id", "rate_code", "payment_type"),
)
