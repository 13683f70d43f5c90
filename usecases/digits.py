"""Digits: which digit a small grey picture shows, from the table that comes with scikit-learn (Alpaydin and Kaynak, 1998)."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from lifecycle import Gate, Generated, StratifiedSplit, Tuning, UseCase, forest, linear
from schemas.digits import Digit


def pictures() -> Iterator[pl.DataFrame]:
    """The 1,797 pictures of the bundled table, numbered, a column for each of their 8 x 8 points: it needs no file and no network."""
    from sklearn.datasets import load_digits

    table: Any = load_digits()
    names = [name.removeprefix("pixel_") for name in table.feature_names]
    points = pl.DataFrame(table.data, schema=[f"point_{name}" for name in names]).cast(pl.Int64)
    yield points.with_row_index("picture").select(pl.col("picture").cast(pl.Int64), *points.columns, digit=pl.Series(table.target, dtype=pl.Int64))


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """All points, and how much ink there is in each row and column of the picture."""
    lines = {f"row_{i}": pl.sum_horizontal(f"point_{i}_{j}" for j in range(8)) for i in range(8)}
    columns = {f"column_{j}": pl.sum_horizontal(f"point_{i}_{j}" for i in range(8)) for j in range(8)}
    return rows.select(pl.col("^point_.*$"), **lines, **columns)


use_case = UseCase(
    name="digits",
    title="Handwritten digits (bundled with scikit-learn)",
    problem="multiclass",
    schema=Digit,
    source=Generated(pictures, deterministic=True),
    features=features,
    split=StratifiedSplit(),
    candidates=(linear(), forest()),  # ten classes make ten times the trees: boosting takes a minute for what a forest does in a second
    tuning=Tuning(trials=6),
    gate=Gate(rows=300),  # a fifth of the pictures: enough for ten classes that are as frequent as each other
)
