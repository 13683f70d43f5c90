"""Live numbers of rows with labels and without, from made-up days of scores and outcomes."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.evaluation.resample import clusters, intervals
from lifecycle.monitoring.estimate import estimate
from lifecycle.monitoring.live_labels import Live
from lifecycle.monitoring.performance import performance
from lifecycle.references import LivePerformance
from lifecycle.usecase import Monitoring
from tests.toys import START, toy

DAILY = 240
DAYS = dt.timedelta(days=1)


def days(number: int, seed: int, first: int = 0, meaning: float = 1.0, truthful: float = 1.0) -> pl.DataFrame:
    """Scored rows with labels a few days later; `meaning`: how much of what inputs said of the target they still say."""
    random = np.random.default_rng(seed)
    rows = number * DAILY
    x, hidden = random.normal(size=(2, rows))
    logit = 1.5 * (meaning * x + (1 - meaning**2) ** 0.5 * hidden) - 1.5
    chance = 1 / (1 + np.exp(-(1.5 * x - 1.5) * truthful))
    time = pl.Series((np.arange(rows) * (86_400_000_000 // DAILY)) + 1_000).cast(pl.Duration("us")) + START + first * DAYS
    told = pl.Series(random.integers(10, 200, rows) * 3_600_000_000).cast(pl.Duration("us"))
    return pl.DataFrame(
        {
            "_key": [f"{first}-{i}" for i in range(rows)],
            "_time": time.cast(pl.Datetime("us")),
            "_target": random.random(rows) < 1 / (1 + np.exp(-logit)),
            "prediction": (chance > 0.5).astype(np.int8),
            "probability": chance,
        }
    ).with_columns(_known_at=pl.col("_time") + told)


USE_CASE = toy("estimating", monitoring=Monitoring(window=2_000))
GATE = days(25, 1)


def promise(metric: str = "roc_auc") -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    y = USE_CASE.kind.encode(USE_CASE, GATE["_target"])
    found = intervals(USE_CASE, y, GATE, clusters(USE_CASE, GATE), [metric])[metric]
    assert found.low is not None
    assert found.high is not None
    return {metric: found.value}, {metric: (found.low, found.high)}


def watched(known: pl.DataFrame, **policy: Any) -> LivePerformance:
    use_case = toy("estimating", monitoring=Monitoring(window=2_000, **policy))
    newest = known["_time"].max()
    assert isinstance(newest, dt.datetime)
    found = performance(use_case, known, newest, *promise())
    assert found
    return found


def test_a_change_of_what_inputs_mean_is_an_alarm_long_before_three_windows_of_its_rows_are_labelled():
    calm = days(15, 2, 25)
    assert not watched(calm).drifted
    after = [number for number in range(1, 15) if watched(pl.concat([calm, days(number, 3, 40, meaning=0.6)])).drifted]
    assert after[0] <= 10  # three windows of 2,000 rows are 25 days


def test_with_fewer_windows_than_needed_it_is_worse_so_far():
    found = watched(days(3, 5, 40, meaning=0.9))
    assert (found.worse, found.enough, found.drifted) == (True, False, False)


def test_performance_is_told_by_the_age_of_labels_and_beside_calibration():
    found = watched(days(25, 4, 25))
    assert [one.rows for one in found.ages] == pytest.approx([found.rows / 3] * 3, rel=0.1)
    assert found.ages[0].days < 4 < found.ages[1].days < 7 < found.ages[2].days
    assert found.calibration
    assert not found.calibration.off
    lying = watched(days(25, 4, 25, truthful=2.0)).calibration
    assert lying
    assert lying.off


def test_an_estimate_is_near_the_truth_where_probabilities_are_right_and_says_how_far_off_it_was():
    waiting = days(10, 5, 50)
    found = estimate(USE_CASE, Live(days(20, 4, 25), waiting.drop("_target"), 0, 0))
    assert found
    truth = performance(USE_CASE, waiting, None, *promise())
    assert truth
    assert (found.metric, found.rows) == ("roc_auc", 2_400)
    assert found.expected == pytest.approx(truth.live, abs=0.03)
    assert found.error == pytest.approx(0, abs=0.03)
    lying = estimate(USE_CASE, Live(days(20, 4, 25, meaning=0.4), waiting, 0, 0))
    assert lying
    assert lying.error
    assert lying.error > 0.1


def test_there_is_no_estimate_of_a_number():
    assert estimate(toy("numbers", problem="binary", metric="calibration_error"), Live(GATE.head(0), GATE, 0, 0)) is None
