"""Fare on the real trips: the model beats a straight line."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lifecycle.candidates import boosting, linear_baseline
from lifecycle.dataset import Rows
from lifecycle.fit import fit
from lifecycle.models.blueprint import blueprint
from lifecycle.references import Recipe
from lifecycle.stages import collect, featurize, split, validate
from lifecycle.table import parts as partition
from usecases.fare import features, use_case


@pytest.fixture(scope="module")
def parts(shared: Path) -> dict[str, Rows]:
    snapshot = validate.validate(use_case, collect.collect(use_case))
    assert (snapshot.came, snapshot.kept, snapshot.quarantined) == (200_000, 200_000, 0)
    drawn = split.split(use_case, featurize.featurize(use_case, snapshot))
    return {part: partition.rows(use_case, drawn, part) for part in ("train", "tune", "gate")}


def test_the_model_is_much_better_than_a_linear_one(parts: dict[str, Rows]):
    train, gate = parts["train"], parts["gate"]
    model = fit(use_case, Recipe(candidate="boosting", params={**boosting().defaults, "max_iter": 150}), train, parts["tune"])
    straight = linear_baseline(blueprint(use_case, train.X)).fit(train.X, train.y)  # pyright: ignore[reportAttributeAccessIssue]
    errors = [np.abs(each.predict(gate.X) - gate.y).mean() for each in (model, straight)]
    assert errors[0] < 0.8 * errors[1]
    assert errors[0] < 0.6


def test_a_cab_that_stood_still_has_no_speed_but_a_metered_fare():
    trip = pl.DataFrame(
        {"vendor_id": ["VTS"], "rate_code": [1], "passenger_count": [1], "trip_time_in_secs": [0], "trip_distance": [0.0], "payment_type": ["CSH"]}
    )
    found = features(trip).row(0, named=True)
    assert (found["mph"], found["metered"], found["rate"]) == (None, 2.5, "1")
