"""Effect sizes, and how often they are called drift with and without one."""

import numpy as np
import polars as pl
import pytest

from lifecycle.dataset import Rows
from lifecycle.monitoring import drift, profile
from lifecycle.monitoring.effect import Effect
from lifecycle.monitoring.statistics.psi import psi
from lifecycle.usecase import Monitoring
from tests.toys import toy, visit_features, visits

ROWS, WINDOW = 20_000, 1_000


def world(rows: int, columns: int, seed: int) -> pl.DataFrame:
    """Columns of several kinds that never change: normal, discrete with a tail, categories of which some are rare."""
    random = np.random.default_rng(seed)
    kinds = (
        lambda: random.normal(size=rows),
        lambda: random.poisson(0.7, rows),
        lambda: random.choice(list("abcdef"), rows, p=[0.5, 0.3, 0.1, 0.08, 0.015, 0.005]),
    )
    return pl.DataFrame({f"c{i}": kinds[i % 3]() for i in range(columns)})


def reference(X: pl.DataFrame, predictions: pl.DataFrame, **changes) -> dict:
    info = pl.DataFrame({"_key": pl.Series(range(X.height)).cast(pl.String), "customer": np.arange(X.height)})
    return profile.reference(toy("drifting", **changes), Rows(X, np.zeros(X.height), info), predictions)


def chances(rows: int, seed: int, shift: float = 0.0) -> pl.DataFrame:
    chance = np.random.default_rng(seed).beta(1 + shift, 5, rows)
    return pl.DataFrame({"prediction": (chance > 0.5).astype(np.int8).astype(str), "probability": chance})


def bad(profile_: dict, X: pl.DataFrame, predictions: pl.DataFrame, size: int = WINDOW) -> np.ndarray:
    window = np.arange(X.height) // size
    found = drift.by_window(profile_, X, predictions, window, X.height // size)
    return np.array([any(one.beyond for one in effects.values()) for effects in found])


@pytest.fixture(scope="module")
def shop() -> dict:
    return reference(visit_features(visits(ROWS)), chances(5_000, 1))


def shifted(changes: dict) -> pl.DataFrame:
    return visit_features(visits(WINDOW, seed=9)).with_columns(**changes)


def beyond(found: drift.Effects) -> set[str]:
    return {name for name, one in found.items() if one.beyond}


def test_two_hundred_columns_alarm_no_more_often_than_five():
    rates = {}
    for columns, seeds in ((5, 6), (200, 2)):
        alarms = []
        for seed in range(seeds):
            made = reference(world(8_000, columns, seed), chances(4_000, seed), monitoring=Monitoring(false_alarms=0.05))
            alarms.append(bad(made, world(20_000, columns, 100 + seed), chances(20_000, 100 + seed), 200))
        rates[columns] = np.mean(alarms)
    assert 0.02 <= rates[5] <= 0.09, rates  # 600 windows, 0.05 asked for
    assert 0.01 <= rates[200] <= 0.09, rates  # 200 windows; alone, each column would have to alarm in 1 of 4000


def test_small_references_alarm_no_more_often():
    """A reference of few rows is a noisy one: its own noise is in the limits."""
    rates = [
        bad(reference(world(300, 8, seed), chances(200, seed)), world(10_000, 8, 50 + seed), chances(10_000, 50 + seed), 100).mean()
        for seed in range(10)
    ]
    assert np.mean(rates) < 0.04


def test_shifted_columns_are_found_and_named(shop):
    found = drift.effects(shop, shifted({"amount": pl.col("amount") * 1.5}), chances(WINDOW, 2))
    assert beyond(found) == {"amount"}
    assert drift.worst(found)[0] == "amount"
    assert found["amount"].statistics["wasserstein"] > 0.3 > found["age"].statistics["wasserstein"]


def test_nothing_is_found_where_nothing_changed(shop):
    assert not beyond(drift.effects(shop, shifted({}), chances(WINDOW, 2)))


def test_a_new_category_is_found(shop):
    new = pl.when(pl.int_range(pl.len()) % 20 == 0).then(pl.lit("d")).otherwise("kind")
    found = drift.effects(shop, shifted({"kind": new}), chances(WINDOW, 2))
    assert beyond(found) == {"kind"}
    assert 0.02 < found["kind"].statistics["wasserstein"] < 0.1


def test_a_column_that_is_null_throughout_is_found_whether_it_is_there_or_not(shop):
    null = drift.effects(shop, shifted({"age": pl.lit(None, pl.Float64)}), chances(WINDOW, 2))
    gone = drift.effects(shop, shifted({}).drop("age"), chances(WINDOW, 2))
    assert beyond(null) == beyond(gone) == {"age"}
    assert null["age"] == gone["age"]


def test_predictions_alone_can_drift(shop):
    assert beyond(drift.effects(shop, shifted({}), chances(WINDOW, 2, shift=1.0))) >= {"probability"}


def test_the_last_bits_of_a_number_that_many_rows_share_are_no_drift():
    """As of a forest, which the pipeline and its compiled form add up in two orders."""
    told = chances(5_000, 1).with_columns(pl.when(pl.int_range(pl.len()) % 5 > 0).then(1 / 27_777).otherwise("probability").alias("probability"))
    X = visit_features(visits(ROWS))
    whole = reference(X, told)
    assert not beyond(drift.effects(whole, shifted({}), profile.watch(told.head(WINDOW))))
    for bits in (-1e-15, 1e-15):
        assert not beyond(drift.effects(whole, shifted({}), profile.watch(told.head(WINDOW).with_columns(pl.col("probability") * (1 + bits)))))


def test_without_predictions_only_inputs_are_compared(shop):
    assert set(drift.effects(shop, shifted({}))) == set(shop["columns"])


def test_psi_is_that_of_the_shares_where_there_are_many_rows():
    reference_, window = np.array([4_000_000, 6_000_000]), np.array([[5_000_000, 5_000_000]])
    assert psi(window, reference_, np.zeros(1, int))[0, 0] == pytest.approx(0.1 * np.log(0.5 / 0.4) - 0.1 * np.log(0.5 / 0.6), rel=1e-4)


def test_a_small_window_has_no_large_index_by_itself():
    reference_ = np.full(20, 5_000)
    random = np.random.default_rng(1)
    windows = random.multinomial(30, np.full(20, 1 / 20), 500)
    naive = ((windows / 30 - 0.05) * np.log(np.maximum(windows / 30, 1e-6) / 0.05)).sum(axis=1)
    found = psi(windows, reference_, np.zeros(1, int))[:, 0]
    assert found.max() < 1.5 < np.median(naive)


def test_the_divergence_is_one_bit_between_what_has_nothing_in_common():
    made = {"columns": {"c": {"values": ["a", "b"], "counts": [10**7, 0, 0, 0]}}, "predictions": {}, "limits": {"sizes": [100], "psi": {"c": [0.1]}}}
    found = drift.effects(made, pl.DataFrame({"c": ["b"] * 1_000}))["c"]
    assert found.statistics["js"] == pytest.approx(1, abs=1e-3)
    assert found.statistics["wasserstein"] == pytest.approx(1, abs=1e-3)


def test_a_limit_between_two_sizes_is_between_theirs_and_grows_below_the_smallest(shop):
    sizes, values = shop["limits"]["sizes"], shop["limits"]["psi"]["amount"]
    assert values[1] < drift.limit(shop, "amount", 150) < values[0]
    assert drift.limit(shop, "amount", 50) == pytest.approx(2 * values[0])
    assert drift.limit(shop, "amount", sizes[-1] * 10) == pytest.approx(values[-1])


def test_windows_and_profiles_of_when_the_psi_was_all_there_was_are_read_as_before(shop):
    kept = {"psi": 0.3, "js": 0.1, "rows": 400, "limit": 0.2}
    effect = Effect.model_validate(kept)
    assert (effect.psi, effect.limit, effect.beyond) == (0.3, 0.2, True)
    assert effect.as_json() == kept
    old = {name: shop[name] for name in ("columns", "predictions")} | {"limits": {name: shop["limits"][name] for name in ("sizes", "psi")}}
    assert beyond(drift.effects(old, shifted({"amount": pl.col("amount") * 2.5}), chances(WINDOW, 2))) == {"amount"}


def test_what_a_column_shows_alone_is_not_said_of_its_pairs_again(shop):
    found = drift.effects(shop, shifted({"amount": pl.col("amount") * 1.5}), chances(WINDOW, 2))
    assert not any(one.pair for one in found.values())


def test_a_statistic_tells_what_matters_by_its_own_measure_and_a_policy_may_ask_for_more(shop):
    some = shifted({"amount": pl.col("amount") * 1.15})
    assert "shift" in (drift.by_window(shop, some, None, np.zeros(WINDOW, int), 1, policy=Monitoring())[0]["amount"].found or ())
    strict = Monitoring(least={"shift": 0.3})
    assert "shift" not in (drift.by_window(shop, some, None, np.zeros(WINDOW, int), 1, policy=strict)[0]["amount"].found or ())
