"""Recommendation: what to show to whom, by what they had and liked before.

The ratings come from a simulator unless a file is given: `lifecycle run recommendation --source ratings.csv` reads user, item, time, rating
(0 to 5, may be missing) and genres (apart by `|`, may be missing) from it. The families here need nothing else installed; `als()` beside them
needs `make extras`.
"""

from datetime import timedelta

import polars as pl

from lifecycle import Gate, Generated, Monitoring, TimeSplit, Tuning, UseCase, ease, hybrid, neighbours, popularity
from schemas.recommendation import Event
from usecases._taste_simulator import simulate


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """Who had what, and what the item is: whatever is beside user, item and rating is told of items."""
    return rows.select("user", "item", "rating", "genres")


use_case = UseCase(
    name="recommendation",
    title="What to show to whom",
    problem="ranking",
    schema=Event,
    source=Generated(simulate, {"rows": 60_000, "days": 120}, deterministic=True),
    features=features,
    candidates=(popularity(), neighbours(), ease(), hybrid()),
    split=TimeSplit(),
    tuning=Tuning(trials=8),
    gate=Gate(minimum={"ndcg@10": 0.02}),
    monitoring=Monitoring(window=timedelta(days=7)),
)
