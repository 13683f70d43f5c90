"""Costs and a capacity go the whole way: search, threshold, evaluation, card, gate, answers, and live performance."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.evaluation.report import EvaluationReport
from lifecycle.operating_points import Capacity, Costs, OperatingPoint
from lifecycle.references import ModelVersion, Verdict
from lifecycle.sources import Generated
from lifecycle.splits import TimeSplit
from lifecycle.stages.evaluate import evaluate
from lifecycle.stages.featurize import featurize
from lifecycle.stages.monitor import monitor
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.stages.train import train
from lifecycle.stages.tune import tune
from lifecycle.store import models, versions
from lifecycle.store.lake import lake
from lifecycle.table.parts import rows
from lifecycle.usecase import Gate, Monitoring, Tuning, UseCase
from tests.challengers import parts_of
from tests.toys import toy, visit_source

POINTS = {"cost": Costs(miss="amount", false_alarm=4, currency="EUR"), "precision@300": Capacity(300)}
Run = tuple[UseCase, ModelVersion, Verdict, EvaluationReport]


def decided(name: str, point: OperatingPoint) -> Run:
    """A toy that says what decisions are worth, from its rows to its champion."""
    given: dict[str, Any] = {"costs": point} if isinstance(point, Costs) else {"capacity": point}
    use_case = toy(
        name, source=Generated(visit_source, {"rows": 6_000}, deterministic=True), split=TimeSplit(), slices=("kind",),
        tuning=Tuning(trials=4, average=False), monitoring=Monitoring(window=300), gate=Gate(days=2), **given,
    )  # fmt: skip
    parts = parts_of(use_case)
    version = register(use_case, evaluate(use_case, train(use_case, tune(use_case, parts))))
    report = EvaluationReport.from_json(versions.artifact(version, "evaluation.json"))
    return use_case, version, promote(use_case, version), report


@pytest.fixture(scope="module", params=POINTS)
def run(request: pytest.FixtureRequest) -> Run:
    return decided(f"decided_{list(POINTS).index(request.param)}", POINTS[request.param])


def test_what_decisions_are_worth_decides_with_its_interval_and_beside_what_knows_nothing(run: Run) -> None:
    use_case, version, verdict, report = run
    metric = use_case.metric
    assert metric in POINTS
    assert verdict.promoted, verdict.reason
    nothing = "yes to all rows or to none" if use_case.costs else "any rows"
    assert f"{metric} {report.metrics[metric].holdout:.4g}, better than {nothing} by +" in verdict.reason
    found = report.metrics[metric]
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.holdout < found.high
    assert found.constant is not None
    assert found.linear is not None
    assert use_case.kind.gain(metric, found.holdout, found.constant) > 0
    assert report.slices.metric == metric
    assert all(row.value is not None for row in report.slices.table if row.enough and row.column == "kind")
    assert version.evaluated.holdout["roc_auc"] > 0.8  # the other metrics are there, too


def test_the_report_and_the_card_say_what_the_decisions_come_to(run: Run) -> None:
    use_case, version, _, report = run
    found = report.decision
    assert found
    assert found.value == pytest.approx(report.metrics[use_case.metric].holdout)
    model = models.load(*version.judged)
    assert found.threshold == use_case.kind.threshold_of(model)
    assert ("plots/costs.png" in report.plots) == (use_case.costs is not None)
    if use_case.costs:
        assert report.metrics["cost"].constant == pytest.approx(min(found.all or 0, found.none or 0))
    card = versions.artifact(version, "model_card.md").decode()
    assert "## What its decisions come to" in card
    assert ("A miss costs `amount`, a false alarm 4 (EUR)" if use_case.costs else "300 cases can be looked at of each day") in card


def test_the_threshold_is_by_what_decisions_are_worth_on_rows_that_were_not_fitted(run: Run) -> None:
    use_case, version, _, _ = run
    model = models.load(*version.judged)
    gate = rows(use_case, version.evaluated.trained.parts, "gate")
    said = use_case.kind.predict(model, gate.X)
    if use_case.costs:
        amount, yes = gate.info["amount"].to_numpy(), said["prediction"].to_numpy() == 1
        cost = float((amount * ((gate.y == 1) & ~yes) + 4 * ((gate.y == 0) & yes)).mean())
        assert cost == pytest.approx(version.evaluated.holdout["cost"])
        f1 = said["probability"].to_numpy() >= 0.5
        assert cost < float((amount * ((gate.y == 1) & ~f1) + 4 * ((gate.y == 0) & f1)).mean())
    else:  # 1,440 rows a day, of which 300 can be looked at
        assert said["prediction"].mean() == pytest.approx(300 / 1_440, abs=0.06)


def test_live_performance_speaks_of_the_same(run: Run) -> None:
    use_case, version, _, _ = run
    grown = toy(
        use_case.name, source=Generated(visit_source, {"rows": 7_500}, deterministic=True), split=use_case.split, slices=use_case.slices,
        tuning=use_case.tuning, monitoring=use_case.monitoring, costs=use_case.costs, capacity=use_case.capacity,
    )  # fmt: skip
    features = featurize(grown, parts_of(grown).features.snapshot)
    score(grown, features)
    live = monitor(grown, features).performance
    assert live
    assert live.metric == use_case.metric
    assert live.promised == version.evaluated.holdout[use_case.metric]
    assert live.live == pytest.approx(live.promised, rel=0.35)
    assert not live.drifted


def test_the_lake_has_the_set_of_each_answer(run: Run) -> None:
    use_case, _, _, _ = run
    kept = lake().frame(f"SELECT prediction, probability, set FROM {use_case.name}.predictions")
    assert kept.height
    sets = [json.loads(each) for each in kept["set"].to_list()]
    assert all(int(one) in each for one, each in zip(kept["prediction"].to_list(), sets, strict=True))
    assert {len(each) for each in sets} == {1, 2}
    assert np.isfinite(kept["probability"].to_numpy()).all()
    assert isinstance(kept, pl.DataFrame)
