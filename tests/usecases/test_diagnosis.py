"""Diagnosis: the bundled table, the same every time and everywhere."""

import numpy as np
import polars as pl

from lifecycle.candidates import linear_baseline
from lifecycle.columns import parsed
from lifecycle.models.blueprint import blueprint
from usecases.diagnosis import features, use_case, wisconsin


def table() -> pl.DataFrame:
    return pl.concat(list(wisconsin()))


def test_the_table_is_complete_and_valid():
    rows = table()
    assert rows.shape == (569, 32)
    assert int(use_case.kind.encode(use_case, rows["diagnosis"]).sum()) == 212
    assert rows["sample"].is_unique().all()
    assert parsed(use_case.schema).validate(rows).equals(rows)


def test_the_table_is_the_same_every_time():
    assert table().equals(table())


def test_every_measure_is_an_input_and_nothing_else():
    X = features(table())
    assert len(X.columns) == 30
    assert {"mean_radius", "radius_error", "worst_fractal_dimension"} <= set(X.columns)


def test_a_straight_line_tells_most_masses_apart():
    rows = table()
    X, y, other = features(rows), use_case.kind.encode(use_case, rows["diagnosis"]), np.arange(rows.height) % 2 == 0
    model = linear_baseline(blueprint(use_case, X)).fit(X.filter(other), y[other])  # pyright: ignore[reportAttributeAccessIssue]
    assert model.score(X.filter(~other), y[~other]) > 0.95
