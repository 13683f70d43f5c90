"""What is kept of the training rows, and the limits found on them."""

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from lifecycle.dataset import Rows
from lifecycle.monitoring import bins, limits, profile
from lifecycle.usecase import Monitoring
from tests.toys import START, toy, visit_features, visits


def made(rows: int = 6_000, timed: bool = True, **changes) -> dict:
    use_case = toy("profiled", **changes)
    frame = visits(rows)
    info = frame.select(pl.col("visit").cast(pl.String).alias("_key"), "customer", *([pl.col("at").alias("_time")] if timed else []))
    chance = np.random.default_rng(3).random(rows // 3)
    predictions = pl.DataFrame({"prediction": (chance > 0.5).astype(np.int8), "probability": chance})
    return profile.reference(use_case, Rows(visit_features(frame), np.zeros(rows), info), predictions)


def test_a_profile_is_small_json_and_the_same_twice():
    text = json.dumps(made(), allow_nan=False)
    assert len(text) < 20_000
    assert json.dumps(made()) == text


def test_every_row_is_counted_once_in_every_column():
    found = made()
    assert found["rows"] == 6_000
    assert all(sum(column["counts"]) == 6_000 for column in found["columns"].values())
    assert all(sum(column["counts"]) == 2_000 for column in found["predictions"].values())
    assert set(found["predictions"]) == {"prediction", "probability"}
    assert found["from"] == START.isoformat()


def test_every_watched_column_has_a_limit_for_every_size_and_larger_windows_vary_less():
    found = made()["limits"]
    assert set(found["psi"]) == {"amount", "kind", "age", "log_amount", "prediction", "probability"}
    assert all(len(values) == len(found["sizes"]) for values in found["psi"].values())
    assert all(min(values) > 0 and values[-1] < values[0] / 2 for values in found["psi"].values())


@pytest.mark.parametrize("window", [700, dt.timedelta(minutes=700)])
def test_the_size_that_is_monitored_is_calibrated_for(window):
    assert 700 in made(monitoring=Monitoring(window=window))["limits"]["sizes"]


def test_values_fall_into_the_cells_they_belong_to():
    column = bins.fit(pl.Series([1.0, 2.0, 2.0, 3.0, None]))
    assert column["edges"][:3] == [1.0, 2.0, 3.0]
    cell = bins.codes(column, pl.Series([0.5, 1.0, 2.0, 3.0, 3.5, None, float("nan"), float("inf")]))
    assert cell.tolist() == [0, 1, 2, 3, 4, 5, 5, 4]
    category = bins.fit(pl.Series(["b", "a", "b", None]))
    assert bins.codes(category, pl.Series(["b", "a", "new", None])).tolist() == [0, 1, 2, 3]


def test_a_value_that_half_of_the_rows_have_shares_its_cell_with_no_other():
    random = np.random.default_rng(1)
    values = np.where(random.random(10_000) < 0.5, 7.0, random.normal(7, 3, 10_000))
    column = bins.fit(pl.Series(values))
    counts = np.bincount(bins.codes(column, pl.Series(values)), minlength=bins.cells(column))
    assert counts.max() == (values == 7.0).sum()
    assert counts[0] == 0
    assert counts[-2:].tolist() == [0, 0]  # nothing above the largest, no nulls


@pytest.mark.parametrize("values", [[None, None], [5, 5, 5], [True, False, None], [2**60, 1]])
def test_odd_columns_have_cells_too(values):
    series = pl.Series(values, dtype=pl.Int64 if values[0] is None else None)
    column = bins.fit(series)
    assert bins.codes(column, series).max() < bins.cells(column)
    json.dumps(column, allow_nan=False)


def test_whole_customers_count_where_there_is_no_time():
    """Each customer has amounts of its own: a window holds few customers, so it may vary more than rows drawn one by one."""
    random = np.random.default_rng(5)
    customer = np.repeat(np.arange(300), 50)
    X = pl.DataFrame({"amount": random.normal(0, 3, 300)[customer] + random.normal(size=len(customer))})
    info = pl.DataFrame({"_key": pl.Series(range(len(customer))).cast(pl.String), "customer": customer})
    shuffled = info.with_columns(customer=pl.Series(random.permutation(customer)))
    nothing = pl.DataFrame({"probability": random.random(5_000)})
    by_customer, by_row = (profile.reference(toy("clumps"), Rows(X, np.zeros(len(X)), each), nothing) for each in (info, shuffled))
    at = by_row["limits"]["sizes"].index(500)
    assert by_customer["limits"]["psi"]["amount"][at] > 3 * by_row["limits"]["psi"]["amount"][at]


def test_a_daily_rhythm_is_no_drift():
    rows, day = 14_400, 1_440
    t = np.arange(rows)
    hour = pl.DataFrame({"hour": (t % day) // 60, "noise": np.random.default_rng(2).normal(size=rows)})
    info = pl.DataFrame(
        {"_key": pl.Series(t).cast(pl.String), "_time": pl.datetime_range(START, START + dt.timedelta(minutes=rows - 1), "1m", eager=True)}
    )
    found = profile.reference(toy("rhythm"), Rows(hour, np.zeros(rows), info), pl.DataFrame({"probability": np.random.default_rng(1).random(3_000)}))
    at = found["limits"]["sizes"].index(200)
    assert found["limits"]["psi"]["hour"][at] > 1  # two hundred minutes see three hours of the day
    assert found["limits"]["psi"]["noise"][at] < 0.5


def test_a_fitted_quantile_is_near_the_counted_one():
    maxima = np.random.default_rng(1).gumbel(2, 0.5, 5_000)
    counted = limits.quantile(maxima, 0.01)
    assert limits.quantile(maxima[:300], 0.01) == pytest.approx(counted, rel=0.1)
