"""The last known label: the baseline of what has an order rests on nothing that was not known before the row."""

import datetime as dt
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle import kind as kinds
from lifecycle.evaluation.last_label import last_label
from lifecycle.evaluation.predictions import Predictions
from lifecycle.references import Parts
from lifecycle.sources import Generated
from lifecycle.splits import HashSplit, OrderSplit, TimeSplit
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.table.parts import rows
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import START, Visit, chain, readings, toy, visits


class Late(Visit):
    """A visit whose outcome is known later."""

    known: dt.datetime = column("label_time", nullable=True)


class Alone(Visit):
    """A visit of nobody in particular."""

    customer: int = column("ignored")


def said(use_case: UseCase) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The judged rows of the gate, and what the baseline says of them."""
    parts = split(use_case, featurize(use_case, validate(use_case, collect(use_case))))
    gate = rows(use_case, parts, "gate")
    found = baseline(use_case, parts)
    assert found is not None
    return gate.info, found[0].predictions[0]


def baseline(use_case: UseCase, parts: Parts) -> tuple[Predictions, str] | None:
    return last_label(use_case, parts, Predictions(rows(use_case, parts, "gate"), (pl.DataFrame(),), {}))


def test_along_an_order_it_is_the_label_of_the_row_before() -> None:
    info, found = said(chain("last_in_order"))
    truth = readings()["warm"].to_list()
    assert found["prediction"].to_list() == [int(truth[place - 2]) for place in info["place"]]


def test_with_a_gap_it_is_the_newest_label_that_is_known_by_then() -> None:
    info, found = said(chain("last_with_gap", split=OrderSplit(gap=5)))
    truth = readings()["warm"].to_list()
    assert found["prediction"].to_list() == [int(truth[place - 2 - 5]) for place in info["place"]]


def test_in_time_a_label_counts_from_the_moment_it_was_known_and_of_rows_before_alone() -> None:
    def late(**parameters: Any) -> Any:
        yield visits(**parameters).with_columns(known=pl.col("at") + pl.duration(minutes=10 + pl.col("visit") % 47))

    class LateAlone(Late):
        """The same of nobody in particular."""

        customer: int = column("ignored")

    use_case = toy("last_in_time", schema=LateAlone, split=TimeSplit(gap=timedelta(hours=1)), source=Generated(late, {}, True))
    info, found = said(use_case)
    everything = next(late())
    for at, prediction in zip(info["at"], found["prediction"], strict=True):
        before = everything.filter((pl.col("known") < at) & (pl.col("at") < at)).sort("at")
        assert prediction == int(before["bought"][-1])


def test_with_entities_it_is_their_own_last_label() -> None:
    info, found = said(toy("last_of_entity", split=TimeSplit()))
    everything = visits()
    for at, customer, prediction in list(zip(info["at"], info["customer"], found["prediction"], strict=True))[::25]:
        before = everything.filter((pl.col("at") < at) & (pl.col("customer") == customer)).sort("at")
        assert not before.height or prediction == int(before["bought"][-1])


def test_rows_of_the_same_moment_are_not_before_each_other() -> None:
    def twice(**parameters: Any) -> Any:
        yield visits(**parameters).with_columns(at=START + pl.duration(minutes=pl.col("visit") // 2), bought=pl.col("visit") % 4 >= 2)

    info, found = said(toy("last_of_twins", schema=Alone, split=TimeSplit(), source=Generated(twice, {}, True)))
    minutes = [int((at - START).total_seconds()) // 60 for at in info["at"]]
    assert found["prediction"].to_list() == [(minute - 1) % 2 for minute in minutes]


def test_probabilities_are_how_often_a_label_was_followed_by_which() -> None:
    info, found = said(chain("last_shares"))
    truth = readings()["warm"].to_numpy()
    first = int(info["place"].min()) - 1  # type: ignore[arg-type]
    after = truth[1:first][truth[: first - 1]]
    sure = found.filter(pl.col("prediction") == 1)["probability"]
    assert sure.n_unique() == 1
    assert sure[0] == pytest.approx(after.mean(), abs=0.01)


def test_numbers_are_repeated_and_classes_too() -> None:
    seen = (np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    found = kinds.find("regression").repeated(np.array([5.0, 0.0]), np.array([True, False]), seen)
    assert found is not None
    assert found["prediction"].to_list() == [5.0, 2.5]
    names = (np.array(["a", "b", "a"], object), np.array(["b", "a", "b"], object))
    said = kinds.find("multiclass").repeated(np.array(["a", "b", "c"], object), np.array([True, True, True]), names)
    assert said is not None
    assert said["prediction"].to_list() == ["a", "b", "c"]
    assert said["p_b"][0] > said["p_b"][1]


class Hourly(Visit):
    """A visit of nobody in particular, whose amount is what is asked."""

    customer: int = column("ignored")
    amount: float = column("target", ge=0, nullable=True)
    bought: bool = column("ignored")


def hourly(rhythm: float, **parameters: Any) -> Any:
    """A visit an hour, for four weeks and some days, whose amount follows the hour of the day as far as `rhythm` says, else the hour before."""
    random, rows = np.random.default_rng(5), 24 * 40
    of_hour = np.tile(random.gamma(3, 30, 24), 40)
    drift = np.cumsum(random.normal(0, 2, rows)) + 100
    amount = rhythm * of_hour + (1 - rhythm) * drift + random.normal(0, 0.5, rows)
    yield visits(rows).with_columns(at=START + pl.duration(hours=pl.int_range(rows)), amount=pl.Series(np.abs(amount)))


@pytest.mark.parametrize(("rhythm", "season"), [(1.0, "hour of the day"), (0.0, "")])
def test_where_what_comes_round_says_more_it_is_the_last_label_of_the_same_season(rhythm: float, season: str) -> None:
    changes: dict[str, Any] = {"problem": "regression", "schema": Hourly, "split": TimeSplit(), "features": lambda rows: rows.select("age", "kind")}
    use_case = toy(f"last_{season.replace(' ', '_') or 'of_all'}", source=Generated(hourly, {"rhythm": rhythm}, True), **changes)
    parts = split(use_case, featurize(use_case, validate(use_case, collect(use_case))))
    found = baseline(use_case, parts)
    assert found is not None
    assert found[1] == season
    judged = rows(use_case, parts, "gate")
    truth = dict(next(hourly(rhythm))[["at", "amount"]].iter_rows())
    before = timedelta(days=1) if season else timedelta(hours=1)
    assert found[0].predictions[0]["prediction"].to_list() == [truth[at - before] for at in judged.info["at"]]
    assert use_case.kind.last_of(season) == ("the last known value of the same hour of the day" if season else "the last known value")


def test_without_an_order_there_is_none() -> None:
    use_case = toy("last_of_none", split=HashSplit())
    parts = split(use_case, featurize(use_case, validate(use_case, collect(use_case))))
    assert baseline(use_case, parts) is None
