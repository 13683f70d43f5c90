"""Answers that the clock changes: they stand until it does, and no longer."""

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from lifecycle.dependencies import answers, clock
from lifecycle.dependencies.watched import notes, watched
from lifecycle.expectations import Arrivals
from lifecycle.references import Batch, DriftReport
from lifecycle.splits import HashSplit
from lifecycle.stages.monitor import monitor
from lifecycle.stages.validate import others, validate
from lifecycle.store.lake import lake
from lifecycle.usecase import Monitoring, UseCase
from tasks import stages
from tasks.policies import asked
from tests.lifecycle.monitoring.test_performance import label
from tests.lifecycle.stages.test_monitor import Shop, Timeless
from tests.toys import toy, visits


class Clock:
    """A clock that goes on by a moment with each look, so that what comes later is later, and else when it is told to."""

    def __init__(self) -> None:
        self.time = dt.datetime.now(dt.UTC)

    def now(self) -> dt.datetime:
        self.time += dt.timedelta(milliseconds=1)
        return self.time

    def passes(self, span: dt.timedelta) -> None:
        self.time += span


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "now", made.now)
    return made


class Asked:
    """A stage that is asked again and again, and runs where no answer stands."""

    def __init__(self, stage: Any, also: Any) -> None:
        self.stage, self.also = stage, also
        self.known: dict[str, Any] = {}
        self.ran = 0

    def __call__(self, use_case: UseCase, *inputs: Any) -> Any:
        question = asked(self.stage, self.also, use_case, inputs)
        assert question
        if question.key not in self.known:
            self.ran += 1
            seen = watched(use_case)
            self.known[question.key] = self.stage(seen, *inputs)
            answers.keep(question, notes(seen))
        return self.known[question.key]


def test_a_label_whose_time_comes_is_counted_then_and_nothing_runs_before(time: Clock) -> None:
    shop = Shop("due", {"monitoring": Monitoring(window=400)}).open()
    shop.watch({"rows": 1_200, "late": True})
    features, ask = shop.features(), Asked(monitor, stages._lived)

    def report() -> DriftReport:
        return ask(shop.use_case, features, shop.model)

    rows = visits(1_200, seed=2).select(key=(pl.col("visit") + 6_000).cast(pl.String), target=pl.col("bought").cast(pl.String))
    label(shop, rows, clock.utc() + dt.timedelta(hours=6))
    assert report().performance is None
    assert report().performance is None
    assert ask.ran == 1
    time.passes(dt.timedelta(hours=5.9))
    assert report().performance is None
    assert ask.ran == 1
    time.passes(dt.timedelta(hours=0.1))
    assert [found.performance and found.performance.rows for found in (report(), report())] == [1_200, 1_200]
    assert ask.ran == 2, "with every label due, the clock changes nothing more"


def test_without_times_an_alarm_is_raised_again_when_the_pause_is_over_and_nothing_runs_before(time: Clock) -> None:
    pause = dt.timedelta(days=2)
    shop = Shop("paused", {"schema": Timeless, "split": HashSplit(), "monitoring": Monitoring(window=400, cooldown=pause)}).open()
    shop.watch()
    shop.batches.append({"rows": 1_300, "shift": 0.8})
    features, ask = shop.features(), Asked(monitor, stages._lived)
    first = ask(shop.use_case, features, shop.model)
    assert first.drifted
    assert ask(shop.use_case, features, shop.model) is first
    assert ask.ran == 1
    time.passes(pause + dt.timedelta(seconds=1))
    assert ask(shop.use_case, features, shop.model).drifted
    assert ask.ran == 2
    assert lake().value("SELECT count(*) FROM paused.drift WHERE drifted") == 2


def test_with_times_the_pause_is_the_rows_own_and_the_clock_changes_nothing(time: Clock) -> None:
    shop = Shop("timely", {"monitoring": Monitoring(window=400, cooldown=dt.timedelta(seconds=1))}).open()
    shop.watch()
    shop.batches.append({"rows": 1_600, "shift": 0.8})
    features, ask = shop.features(), Asked(monitor, stages._lived)
    assert ask(shop.use_case, features, shop.model).drifted
    time.passes(dt.timedelta(seconds=2))
    ask(shop.use_case, features, shop.model)
    assert ask.ran == 1


def test_rows_that_are_new_enough_today_are_judged_again_when_they_are_too_old(time: Clock) -> None:
    newest = visits(200)["at"].max()
    assert isinstance(newest, dt.datetime)
    age = clock.utc() - newest
    base = toy("ageing", parameters={"rows": 200})
    batch: Batch = stages.collecting.collect(base)

    def limited(seconds: float) -> UseCase:
        return replace(base, arrivals=Arrivals(age=age + dt.timedelta(seconds=seconds)))

    ask, soon, late = Asked(validate, others), limited(5), limited(3600)
    assert ask(late, batch).alarms == ask(late, batch).alarms == ()
    assert ask.ran == 1
    assert ask(soon, batch).alarms == ask(soon, batch).alarms == ()
    assert ask.ran == 2
    time.passes(dt.timedelta(seconds=6))
    assert "freshness" in ask(soon, batch).alarms[0]
    assert ask(late, batch).alarms == ()
    assert ask.ran == 3


def test_monitoring_runs_again_where_a_prediction_or_a_label_came_or_went() -> None:
    shop = Shop("heard", {"monitoring": Monitoring(window=400)}).open()
    shop.watch({"rows": 400}, scored=False)
    features, ask = shop.features(), Asked(monitor, stages._lived)
    ask(shop.use_case, features, shop.model)
    shop.watch()  # scored
    ask(shop.use_case, features, shop.model)
    assert ask.ran == 2
    label(shop, pl.DataFrame({"key": ["1"], "target": ["true"]}))
    ask(shop.use_case, features, shop.model)
    assert ask.ran == 3
    lake().write(lambda transaction: transaction.execute("UPDATE heard.labels SET target = 'false'"))
    ask(shop.use_case, features, shop.model)
    ask(shop.use_case, features, shop.model)
    assert ask.ran == 4
