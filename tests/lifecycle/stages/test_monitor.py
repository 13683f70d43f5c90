"""The stage on the real lake and MLflow: visits come, windows are judged, an alarm is raised once."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest

from lifecycle.candidates import boosting
from lifecycle.evaluation.resample import clusters, intervals
from lifecycle.monitoring import profile
from lifecycle.monitoring.live_rows import cut
from lifecycle.predict import predict
from lifecycle.references import DriftReport, Evaluated, Features, ModelVersion, Recipe, Tuned
from lifecycle.sources import Generated
from lifecycle.splits import HashSplit, TimeSplit
from lifecycle.stages import collect, featurize, monitor, score, split, train, validate
from lifecycle.store import models, tracking
from lifecycle.store.lake import lake
from lifecycle.table import parts as partition
from lifecycle.usecase import Monitoring, UseCase
from schemas.roles import column
from tests.toys import START, toy, visits

FIRST = 6_000


class Timeless(pa.DataFrameModel):
    """A visit of which the moment is not known."""

    visit: int = column("key")
    amount: float = column()
    kind: str = column()
    age: float = column(nullable=True)
    bought: bool = column("target", nullable=True)


def parts_of_a_shop(batches: list[dict[str, Any]]) -> Iterator[pl.DataFrame]:
    """Visits, each batch after the last; what had come before stays as it was."""
    rows = 0
    for i, batch in enumerate(batches):
        given = {"seed": i + 1, **batch}
        late = given.pop("late", None)
        frame = visits(**given).with_columns(pl.col("visit") + rows, pl.col("at") + dt.timedelta(minutes=rows), pl.col("customer") + 1_000 * i)
        yield frame if late is None else frame.with_columns(bought=pl.lit(None, pl.Boolean))
        rows += frame.height


@dataclass
class Shop:
    """A use case with a trained model, to which more visits can come."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    batches: list[dict[str, Any]] = field(default_factory=lambda: [{"rows": FIRST}])
    model: ModelVersion | None = None
    recipe: Recipe = field(default_factory=lambda: Recipe(candidate="linear", params={"alpha": 1.0}))

    @property
    def use_case(self) -> UseCase:
        given: dict[str, Any] = {"split": TimeSplit(), "monitoring": Monitoring(window=400), **self.changes}
        return toy(self.name, source=Generated(parts_of_a_shop, {"batches": self.batches}, deterministic=True), **given)

    def features(self) -> Features:
        return featurize.featurize(self.use_case, validate.validate(self.use_case, collect.collect(self.use_case)))

    def open(self) -> "Shop":
        """Train it, with the promise and the profile that monitoring reads; the rest of an evaluation is left out."""
        use_case, features = self.use_case, self.features()
        parts = split.split(use_case, features)
        run_id = tracking.begin(use_case.name, "a test", use_case.name)
        trained = train.train(use_case, Tuned(use_case=self.name, parts=parts, recipe=self.recipe, run_id=run_id, score=0, trials=1))
        gate = partition.rows(use_case, parts, "gate")
        said = predict(use_case, models.load(run_id, trained.judged_sha256), gate.X)
        promise = intervals(use_case, gate.y, said, clusters(use_case, gate.info), ["roc_auc"])["roc_auc"]
        decided = use_case.kind.decided(said, models.load(run_id, trained.sha256))
        reference = profile.reference(use_case, partition.rows(use_case, parts, partition.LABELLED), decided)
        files = tracking.write(run_id, "profile.json", json.dumps(reference))
        evaluated = Evaluated(
            use_case=self.name, trained=trained, metric="roc_auc", mode="holdout", train={}, baseline={}, linear={},
            holdout={"roc_auc": promise.value}, intervals={"roc_auc": (promise.low or 0, promise.high or 1)},
        )  # fmt: skip
        place, judged = (models.logged_model(run_id, sha256).artifact_location for sha256 in (trained.sha256, trained.judged_sha256))
        self.model = ModelVersion(
            use_case=self.name, version=1, run_id=run_id, sha256=trained.sha256, evaluated=evaluated, files=files, location=place, judged_location=judged
        )  # fmt: skip
        return self

    def watch(self, *more: dict[str, Any], scored: bool = True) -> DriftReport:
        self.batches = [*self.batches, *more]
        features = self.features()
        if scored:
            score.score(self.use_case, features, self.model)
        return monitor.monitor(self.use_case, features, self.model)

    def table(self) -> pl.DataFrame:
        return lake().frame(f"SELECT * EXCLUDE (judged_at) FROM {self.name}.drift ORDER BY judged_at")


@pytest.fixture(scope="module")
def opened() -> dict[str, Shop]:
    """One trained shop for each kind of split."""
    return {
        "time": Shop("watched_by_time").open(),
        "hash": Shop("watched_by_hash", {"split": HashSplit()}).open(),
    }


def test_without_a_champion_there_is_nothing_to_compare_with():
    shop = Shop("watched_nobody")
    report = monitor.monitor(shop.use_case, shop.features())
    assert (report.version, report.drifted, report.reason) == (0, False, "no champion yet")


def test_new_rows_are_judged_once_and_drift_is_named_and_raised_once():
    shop = Shop("watched_drift").open()
    calm = shop.watch({"rows": 1_600})
    assert not calm.drifted
    assert calm.bad_windows <= 1
    before = shop.table()
    assert before.height == calm.windows == 4
    assert shop.watch().windows == calm.windows
    assert shop.table().equals(before)

    two = shop.watch({"rows": 800, "shift": 0.6})
    assert not two.drifted  # three bad windows are needed
    assert "no drift yet" in two.reason

    found = shop.watch({"rows": 800, "shift": 0.6, "seed": 8})
    assert found.drifted
    assert found.max > found.limit
    assert {"amount", "log_amount"} <= set(list(found.columns)[:4])
    assert "amount (PSI" in found.reason
    assert found.since is not None
    assert found.since > START + dt.timedelta(minutes=FIRST + 1_500)
    table = shop.table()
    assert table["drifted"].to_list() == [False] * (table.height - 1) + [True]
    assert table.select(pl.struct("window_start").n_unique()).item() == table.height

    again = shop.watch({"rows": 400, "shift": 0.6, "seed": 9})
    assert not again.drifted
    assert "already" in again.reason
    shop.changes = {"monitoring": Monitoring(window=400, cooldown=dt.timedelta(minutes=700))}
    assert shop.watch({"rows": 400, "shift": 0.6, "seed": 10}).drifted  # 800 minutes after the alarm


def test_windows_follow_each_other_and_hold_rows_that_the_model_has_not_seen(opened):
    shop = opened["time"]
    assert shop.watch().windows == 0
    shop.watch({"rows": 1_300})
    table = shop.table()
    assert table["window_start"][0] > dt.datetime.fromisoformat(shop.model.evaluated.trained.parts.bounds["known_until"])
    assert table.height == 3
    assert (table["window_start"][1:] > table["window_end"][:-1]).all()
    assert (table["rows"] == 400).all()


def test_a_split_by_hash_watches_all_rows_that_have_come_since(opened):
    shop = opened["hash"]
    assert shop.watch().windows == 0
    assert shop.watch({"rows": 2_000}).windows == 5


def test_predictions_that_are_not_logged_are_asked_for():
    shop = Shop("watched_unscored").open()
    shop.watch(scored=False)
    unscored = shop.table()
    score.score(shop.use_case, shop.features(), shop.model)
    lake().write(lambda transaction: transaction.execute(f"DELETE FROM {shop.name}.drift"))
    shop.watch()
    assert shop.table().drop("performance", "reason").equals(unscored.drop("performance", "reason"))
    assert all("probability" in json.loads(effects) for effects in unscored["effects"])


def test_use_cases_without_time_judge_what_has_come_since_in_the_order_of_its_coming():
    shop = Shop("watched_timeless", {"schema": Timeless, "split": HashSplit()}).open()
    assert shop.watch({"rows": 1_200, "seed": 12}).windows == 3
    report = shop.watch({"rows": 1_300, "shift": 0.8})
    assert report.drifted
    assert report.windows == shop.table().height == 6
    assert shop.table()["bad"].to_list() == [False] * 3 + [True] * 3


def test_few_rows_are_not_judged_and_said_to_be_few():
    shop = Shop("watched_few", batches=[{"rows": 400}]).open()
    report = shop.watch({"rows": 80})
    assert report.windows == 0
    assert not report.drifted
    assert "80 rows since training, 100 needed" in report.reason
    assert shop.table().is_empty()


def test_a_span_of_time_is_whole_when_it_is_over_and_small_spans_are_merged():
    use_case = toy("spans", monitoring=Monitoring(window=dt.timedelta(days=1)))
    day = [START + dt.timedelta(hours=2 + i / 10) for i in range(120)]
    small = [START + dt.timedelta(days=1, hours=i) for i in range(20)]
    large = [START + dt.timedelta(days=2, minutes=i) for i in range(300)]
    times = pl.Series([*day, *small, *large])

    def found(newest: dt.datetime, first: bool = False) -> list[slice]:
        return cut(use_case, len(times), times, newest, first)

    assert found(times[-1]) == [slice(0, 120)]
    assert found(START + dt.timedelta(days=3)) == [slice(0, 120), slice(120, 440)]
    assert cut(use_case, 110, times[:110], times[109], True) == [slice(0, 110)]
    assert cut(use_case, 110, times[:110], times[109], False) == []


def test_rows_of_one_moment_are_in_one_window():
    use_case = toy("moments", monitoring=Monitoring(window=100))
    times = pl.Series([START + dt.timedelta(minutes=i // 30) for i in range(300)])
    windows = cut(use_case, 300, times, times[-1], True)
    assert [window.stop for window in windows] == [120, 300]  # 200 falls into a moment, and from 120 to its end are too few rows


def test_what_was_changed_in_the_definition_does_not_lose_the_windows_judged_before(opened):
    shop = opened["time"]
    before = shop.watch().windows
    use_case = replace(shop.use_case, monitoring=Monitoring(window=500))
    assert monitor.monitor(use_case, shop.features(), shop.model).windows == before


def test_two_fits_of_a_recipe_of_trees_are_no_drift() -> None:
    trees = {"split": HashSplit(), "candidates": (boosting(),)}
    shop = Shop("watched_trees", trees, recipe=Recipe(candidate="boosting", params=dict(boosting().defaults))).open()
    report = shop.watch({"rows": 4_000}, scored=False)
    assert (report.windows, report.bad_windows, report.drifted) == (10, 0, False), report.reason
