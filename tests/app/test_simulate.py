"""A simulated world: days with rows, late labels and bad rows, and the loop over them."""

import datetime as dt

import polars as pl
import pytest

from lifecycle import registry
from lifecycle.dependencies import clock
from lifecycle.errors import LifecycleError
from lifecycle.sources import Generated
from lifecycle.sources.spelling import chosen
from tests.app.conftest import Lifecycle
from tests.toys import toy
from usecases._card_simulator import BAD_DAYS, BAD_IDS, DRIFT, PAST, deliver, simulate, world

START = "2026-01-01"


def day(number: int) -> pl.DataFrame:
    return pl.concat(deliver(number, START, daily=100))


def test_a_day_brings_its_own_rows_without_their_truth_and_the_truth_of_earlier_ones() -> None:
    made = day(12)
    begin = dt.datetime(2026, 1, 1) + dt.timedelta(days=PAST + 11)
    own = made.filter(pl.col("TX_DATETIME") >= begin)
    before = made.filter(pl.col("TX_DATETIME") < begin)
    assert own["TX_FRAUD"].null_count() == own.height > 50
    assert before["TX_FRAUD"].null_count() == 0
    assert before["LABEL_TIME"].is_between(begin, begin + dt.timedelta(days=1), closed="left").all()
    assert own["TX_DATETIME"].max() < begin + dt.timedelta(days=1)  # type: ignore[operator]


def test_every_row_comes_once_without_and_once_with_its_truth_and_nothing_is_told_early() -> None:
    days = [day(number) for number in range(15)]
    whole = pl.concat(days).filter(pl.col("TRANSACTION_ID") < BAD_IDS)
    said = whole.drop_nulls("TX_FRAUD")
    assert said["TRANSACTION_ID"].is_unique().all()
    assert whole.filter(pl.col("TX_FRAUD").is_null())["TRANSACTION_ID"].is_unique().all()
    real = pl.concat(simulate(rows=100 * PAST, days=PAST, more_days=15, drift_day=PAST + DRIFT - 1, start=START))
    assert set(said["TRANSACTION_ID"]) <= set(real["TRANSACTION_ID"])


def test_the_world_changes_on_its_day_and_a_few_rows_are_none() -> None:
    assert day(DRIFT + 1)["TX_AMOUNT"].median() > 1.5 * day(DRIFT - 2)["TX_AMOUNT"].median()  # type: ignore[operator]
    assert (day(BAD_DAYS - 1)["TRANSACTION_ID"] >= BAD_IDS).sum() > 0
    made = world(60, dt.date(2026, 6, 30))
    assert (made.date(60), list(made.changes)) == (dt.date(2026, 6, 30), [DRIFT])
    assert world(10, dt.date(2026, 6, 30)).changes == {}


def test_bad_rows_of_the_demo_change_no_other_and_go_to_quarantine() -> None:
    from lifecycle.table.validation import failing
    from schemas.fraud import Transaction

    with_bad, without = pl.concat(simulate(rows=2_000, days=30, bad=12)), pl.concat(simulate(rows=2_000, days=30))
    assert with_bad.head(without.height).equals(without)
    assert Transaction.validate(without).height == without.height
    found = failing(registry.find("fraud"), with_bad.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64)))
    assert found is not None
    assert found["row"].n_unique() == 12
    assert found["column"].n_unique() == 3


def test_the_clock_is_the_worlds_while_it_is_played() -> None:
    moment = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)
    with clock.at(moment):
        assert clock.now() == moment
    assert clock.now() > moment


def test_what_a_function_does_not_take_is_said_before_anything_runs() -> None:
    use_case = registry.find("fraud")
    with pytest.raises(LifecycleError, match="rows=a whole number, found rows=abc"):
        chosen(use_case, "rows=abc")
    with pytest.raises(LifecycleError, match=r"takes rows, days.*found 'lines': leave it out"):
        chosen(use_case, "lines=3")
    assert isinstance(chosen(use_case, "rows=300"), Generated)
    assert isinstance(chosen(toy("anything"), "rows=300"), Generated)


def test_a_source_that_is_no_simulator_plays_no_world(lifecycle: Lifecycle) -> None:
    done = lifecycle("simulate", "shop", "--days", "3")
    assert done.returncode == 1
    assert "cannot play a world" in done.stderr
    assert lifecycle("simulate", "nobody").returncode == 2
