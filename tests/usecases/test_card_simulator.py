"""The card simulator: its rate, its kinds of fraud, the same rows every time, nothing changed by later days."""

import datetime as dt
from functools import cache
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lifecycle.errors import DefinitionError
from usecases._card_simulator import simulate

START = dt.datetime(2026, 1, 1)
TYPES = {
    "TRANSACTION_ID": pl.Int64,
    "TX_DATETIME": pl.Datetime("us"),
    "CUSTOMER_ID": pl.Int64,
    "TERMINAL_ID": pl.Int64,
    "TX_AMOUNT": pl.Float64,
    "TX_FRAUD": pl.Boolean,
    "LABEL_TIME": pl.Datetime("us"),
}


@cache
def simulated(**parameters: Any) -> pl.DataFrame:
    day = (pl.col("TX_DATETIME") - START).dt.total_days()
    return pl.concat(simulate(**parameters)).with_columns(day=day)


def hour() -> pl.Expr:
    return pl.col("TX_DATETIME").dt.hour()


def test_frames_have_the_columns_of_a_transaction() -> None:
    for frame in simulate(rows=2_000, days=30):
        assert frame.schema == TYPES


@pytest.mark.parametrize(("rows", "days"), [(10_000, 100), (10_000, 30), (100_000, 150), (1_000_000, 60)])
def test_there_are_about_as_many_rows_as_asked(rows: int, days: int) -> None:
    made = simulated(rows=rows, days=days)
    assert made.height == pytest.approx(rows, rel=0.03)
    assert made["day"].n_unique() == days


@pytest.mark.parametrize("seed", range(10))
def test_about_one_transaction_in_a_hundred_is_fraud_even_where_there_are_few(seed: int) -> None:
    assert 0.005 < simulated(rows=10_000, seed=seed)["TX_FRAUD"].mean() < 0.015  # type: ignore[operator]


def test_about_one_transaction_in_a_hundred_is_fraud_where_there_are_many() -> None:
    assert 0.007 < simulated(rows=1_000_000, days=60)["TX_FRAUD"].mean() < 0.011  # type: ignore[operator]


def test_the_fraud_rate_is_steady_from_the_first_days() -> None:
    by_month = simulated(rows=1_000_000, days=60).group_by(pl.col("day") // 20).agg(pl.mean("TX_FRAUD"))["TX_FRAUD"]
    assert by_month.min() > 0.007  # type: ignore[operator]


def test_transactions_are_numbered_in_order_of_time_over_all_frames() -> None:
    frames = list(simulate(rows=1_200_000, days=60))
    assert len(frames) > 1
    made = pl.concat(frames)
    assert made["TRANSACTION_ID"].to_list() == list(range(made.height))
    assert made["TX_DATETIME"].is_sorted()


def test_the_truth_is_known_two_to_seven_days_late() -> None:
    delay = simulated()["LABEL_TIME"] - simulated()["TX_DATETIME"]
    assert dt.timedelta(days=2) <= delay.min() < dt.timedelta(days=2.1)  # type: ignore[operator]
    assert dt.timedelta(days=6.9) < delay.max() <= dt.timedelta(days=7)  # type: ignore[operator]


def test_fraud_by_large_amounts() -> None:
    large = simulated().filter(pl.col("TX_AMOUNT") > 220)
    assert large.height > 50
    assert large["TX_FRAUD"].all()


def test_fraud_at_a_compromised_terminal_is_all_its_transactions_for_28_days() -> None:
    """Where a terminal has many frauds, everything between the first and the last of these is fraud, within 28 days."""
    plain = simulated().filter(pl.col("TX_AMOUNT") < 100)
    frauds = plain.filter("TX_FRAUD").group_by("TERMINAL_ID").agg(pl.len(), first=pl.min("day"), last=pl.max("day"))
    hit = frauds.filter((pl.col("len") >= 10) & (pl.col("last") - pl.col("first") < 28))
    assert hit.height > 10
    during = plain.join(hit, on="TERMINAL_ID").filter(pl.col("day").is_between(pl.col("first"), pl.col("last")))
    after = plain.join(hit, on="TERMINAL_ID").filter(pl.col("day") > pl.col("last") + 28)
    assert during["TX_FRAUD"].mean() > 0.95  # type: ignore[operator]
    assert after["TX_FRAUD"].mean() < 0.02  # type: ignore[operator]


def test_fraud_with_a_compromised_card_is_of_five_times_the_amount() -> None:
    usual = pl.col("TX_AMOUNT").filter(~pl.col("TX_FRAUD")).mean().over("CUSTOMER_ID")
    ratio = pl.col("TX_AMOUNT") / usual
    made = simulated().with_columns(ratio=ratio).filter(pl.col("TX_AMOUNT").is_between(20, 220))
    assert made.filter(pl.col("ratio") > 4)["TX_FRAUD"].mean() > 0.9  # type: ignore[operator]
    assert made.filter(pl.col("ratio").is_between(0.5, 2))["TX_FRAUD"].mean() < 0.01  # type: ignore[operator]


def test_customers_pay_at_few_terminals_out_of_all() -> None:
    terminals = simulated().group_by("CUSTOMER_ID").agg(pl.n_unique("TERMINAL_ID"))["TERMINAL_ID"]
    assert terminals.max() < 0.15 * simulated()["TERMINAL_ID"].n_unique()  # type: ignore[operator]


def test_the_same_parameters_give_the_same_rows() -> None:
    assert_frame_equal(pl.concat(simulate(rows=5_000, seed=3)), pl.concat(simulate(rows=5_000, seed=3)), check_exact=True)
    assert not pl.concat(simulate(rows=5_000, seed=4)).equals(pl.concat(simulate(rows=5_000, seed=3)))


def test_more_days_leave_the_earlier_ones_as_they_were() -> None:
    shorter = simulated(rows=20_000, days=50)
    longer = simulated(rows=20_000, days=50, more_days=7)
    assert_frame_equal(longer.head(shorter.height), shorter, check_exact=True)
    assert set(longer["day"][shorter.height :]) == set(range(50, 57))


def test_a_longer_simulation_of_as_many_rows_a_day_begins_as_the_shorter_one() -> None:
    shorter, longer = simulated(rows=20_000, days=50), simulated(rows=40_000, days=100)
    assert_frame_equal(longer.head(shorter.height), shorter, check_exact=True)


def test_the_days_before_the_drift_are_as_without_it() -> None:
    without = simulated().filter(pl.col("day") < 100)
    assert_frame_equal(simulated(drift_day=100).filter(pl.col("day") < 100), without, check_exact=True)


def test_after_the_drift_amounts_are_doubled_and_fraud_is_another() -> None:
    made = simulated(drift_day=100)
    before, after = made.filter(pl.col("day") < 100), made.filter(pl.col("day") >= 100)
    assert after["TX_AMOUNT"].median() > 1.8 * before["TX_AMOUNT"].median()  # type: ignore[operator]
    assert after.filter(pl.col("TX_AMOUNT") > 220)["TX_FRAUD"].mean() < 0.05  # type: ignore[operator]
    night = (pl.col("TX_AMOUNT") < 8) & (hour() < 5)
    assert before.filter(night)["TX_FRAUD"].mean() < 0.1  # type: ignore[operator]
    assert after.filter(night)["TX_FRAUD"].all()
    assert 0.005 < after["TX_FRAUD"].mean() < 0.015  # type: ignore[operator]


def test_the_first_day_can_be_chosen() -> None:
    assert pl.concat(simulate(rows=100, days=2, start="2018-04-01"))["TX_DATETIME"].dt.date().min() == dt.date(2018, 4, 1)


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"days": 0}, {"more_days": -1}, {"seed": -1}, {"start": "yesterday"}])
def test_wrong_parameters_are_refused_in_one_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="the card simulator") as refusal:
        next(simulate(**wrong))
    assert str(next(iter(wrong.values()))) in str(refusal.value)
