"""The stage on the real lake and MLflow: from visits to `evaluation.json` and back."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest

from lifecycle.evaluation.report import EvaluationReport
from lifecycle.fit import fit
from lifecycle.kind import find
from lifecycle.predict import predict
from lifecycle.references import Evaluated, Recipe, Trained, Tuned
from lifecycle.reports.card import card
from lifecycle.sources import Generated
from lifecycle.stages import collect, evaluate, featurize, split, train, validate
from lifecycle.store import models, tracking
from lifecycle.table import parts as partition
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import toy


def trained(use_case: UseCase) -> Trained:
    """The use case trained without a search."""
    snapshot = validate.validate(use_case, collect.collect(use_case))
    parts = split.split(use_case, featurize.featurize(use_case, snapshot))
    run_id = tracking.begin(use_case.name, "a test", use_case.name)
    recipe = Recipe(candidate="linear", params={"alpha": 1.0})
    return train.train(use_case, Tuned(use_case=use_case.name, parts=parts, recipe=recipe, run_id=run_id, score=0.0, trials=1))


@pytest.fixture(scope="module")
def plenty() -> tuple[UseCase, Evaluated, dict]:
    use_case = toy("judged_plenty", parameters={"rows": 4_000}, slices=("kind", "age"))
    evaluated = evaluate.evaluate(use_case, trained(use_case))
    return use_case, evaluated, json.loads(tracking.read(evaluated.trained.run_id, "evaluation.json", evaluated.files))


def test_every_metric_is_there_for_new_rows_training_rows_and_both_baselines(plenty):
    use_case, evaluated, _ = plenty
    for part in (evaluated.train, evaluated.baseline, evaluated.linear):
        assert tuple(part) == use_case.kind.metrics
    assert tuple(evaluated.holdout) == (*use_case.kind.metrics, "coverage")
    assert evaluated.mode == "holdout"
    assert all(low <= evaluated.holdout[name] <= high for name, (low, high) in evaluated.intervals.items())


def test_the_signal_of_the_toy_is_found_and_the_constant_is_beaten(plenty):
    _, evaluated, report = plenty
    assert evaluated.holdout["roc_auc"] > 0.8 > evaluated.baseline["roc_auc"] == 0.5
    assert report["gains"]["over_constant"]["low"] > 0.2
    assert report["importances"]["table"][0]["feature"] in ("amount", "log_amount", "kind")


def test_holdout_metrics_are_of_the_gate_rows(plenty):
    use_case, evaluated, report = plenty
    gate = partition.rows(use_case, evaluated.trained.parts, "gate")
    assert report["judged"]["rows"] == len(gate)
    assert report["judged"]["clustered_by"] == "customer"
    assert evaluated.baseline["accuracy"] == pytest.approx(max(gate.y.mean(), 1 - gate.y.mean()))


def test_the_run_holds_pictures_profile_and_metrics(plenty):
    _, evaluated, report = plenty
    run_id = evaluated.trained.run_id
    names = {"roc", "precision_recall", "thresholds", "calibration", "confusion", "importances"}
    assert set(report["plots"]) == {f"plots/{name}.png" for name in names}
    assert all(tracking.read(run_id, path, evaluated.files).startswith(b"\x89PNG") for path in report["plots"])
    assert json.loads(tracking.read(run_id, "profile.json", evaluated.files))["rows"] == evaluated.trained.parts.labelled
    logged = tracking.client().get_run(run_id).data.metrics
    assert logged["holdout/roc_auc"] == pytest.approx(evaluated.holdout["roc_auc"])
    assert {"train/roc_auc", "baseline/roc_auc", "linear/roc_auc", "holdout/roc_auc_low"} <= set(logged)


def test_the_coverage_that_is_stated_is_reached_overall_by_class_and_by_slice(plenty):
    _, evaluated, report = plenty
    found = report["coverage"]
    assert (found["stated"], found["calibrated"]) == (0.9, report["data"]["parts"]["tune"])
    assert found["reached"]["low"] < evaluated.holdout["coverage"] == found["reached"]["value"] < found["reached"]["high"]
    assert [row["slice"] for row in found["classes"]] == ["0", "1"]
    assert {row["column"] for row in found["slices"]} == {"kind", "age", "gender"}
    assert all(row["high"] > 0.9 for row in found["classes"])  # 800 rows to finish on and 800 to judge by: no more is shown
    assert 1 < found["size"] < 2


def test_the_same_model_is_judged_the_same_twice(plenty):
    use_case, evaluated, report = plenty
    assert evaluate.evaluate(use_case, evaluated.trained) == evaluated
    assert json.loads(tracking.read(evaluated.trained.run_id, "evaluation.json", evaluated.files)) == report


def test_slices_and_groups_are_those_of_the_definition(plenty):
    _, _, report = plenty
    assert {row["column"] for row in report["slices"]["table"]} == {"kind", "age", "gender"}
    assert set(report["fairness"]["gender"]["groups"]) == {"f", "m"}


def test_the_card_names_what_a_reader_looks_for(plenty):
    use_case, evaluated, report = plenty
    written = card(
        use_case, EvaluationReport.model_validate(report), {"version": 3, "run_id": evaluated.trained.run_id, "sha256": evaluated.trained.sha256}
    )
    for wanted in ("version 3", "`bought`", "roc_auc", "a blind guess reaches 0.5000", "kind = ", "gender", "lifecycle reproduce judged_plenty 3"):
        assert wanted in written
    assert "None" not in written
    assert "nan" not in written


class Meal(pa.DataFrameModel):
    """A made-up meal: its price grows with its size, and so does the chance of the larger dishes."""

    meal: int = column("key", ge=0)
    gender: str = column("sensitive")
    size: float = column(ge=0)
    hour: float = column(nullable=True)
    dish: str = column("target")


class Price(Meal):
    """The same with a price to predict."""

    dish: str = column("ignored")
    price: float = column("target")


def meals(priced: bool = False) -> Iterator[pl.DataFrame]:
    """Meals, with or without a price."""
    random = np.random.default_rng(6)
    size = random.random(2_500)
    dish = np.array(["soup", "pasta", "roast"])[np.clip(size * 3 + random.normal(0, 0.4, 2_500), 0, 2.9).astype(int)]
    made = pl.DataFrame({"meal": range(2_500), "gender": random.choice(["f", "m"], 2_500), "size": size, "hour": random.random(2_500), "dish": dish})
    yield made.with_columns(price=pl.Series(10 + 20 * size + random.normal(0, 2, 2_500))) if priced else made


@pytest.mark.parametrize(
    ("problem", "schema", "plots"),
    [
        ("multiclass", Meal, {"calibration", "classes", "confusion", "importances", "roc"}),
        ("regression", Price, {"actual_against_predicted", "error_by_size", "importances", "residuals"}),
    ],
)
def test_other_kinds_of_problem_are_judged_as_completely(problem: str, schema: Any, plots: set[str]):
    source = Generated(meals, {"priced": problem == "regression"}, deterministic=True)
    use_case = toy(
        f"judged_{problem}", problem=problem, schema=schema, source=source, features=lambda rows: rows.select("size", "hour"), slices=("size",)
    )
    evaluated = evaluate.evaluate(use_case, trained(use_case))
    report = json.loads(tracking.read(evaluated.trained.run_id, "evaluation.json", evaluated.files))
    assert evaluated.mode == "holdout"
    assert tuple(evaluated.holdout) == (*find(problem).metrics, "coverage")
    assert set(report["plots"]) == {f"plots/{name}.png" for name in plots}
    assert report["gains"]["over_constant"]["low"] > 0
    assert report["importances"]["table"][0]["feature"] == "size"
    assert len(report["fairness"]["gender"]) == 3
    assert "None" not in card(use_case, EvaluationReport.model_validate(report), {})


def test_few_rows_are_judged_by_cross_validation_and_the_report_says_so():
    use_case = toy("judged_few", parameters={"rows": 500})
    evaluated = evaluate.evaluate(use_case, trained(use_case))
    report = json.loads(tracking.read(evaluated.trained.run_id, "evaluation.json", evaluated.files))
    assert evaluated.mode == "cross-validation"
    assert report["judged"]["rows"] == 500
    assert "cross-validation" in report["how"]
    assert "cross-validation" in card(use_case, EvaluationReport.model_validate(report), {})


def test_a_selective_label_is_said_in_the_card(plenty):
    _, _, report = plenty
    use_case = toy("judged_selective", selective_labels="declined visits have no outcome")
    assert "declined visits have no outcome" in card(use_case, EvaluationReport.model_validate(report), {})


def test_labels_without_a_signal_are_not_shown_to_beat_a_constant():
    use_case = toy("judged_noise", parameters={"rows": 4_000, "signal": 0.0})
    evaluated = evaluate.evaluate(use_case, trained(use_case))
    report = json.loads(tracking.read(evaluated.trained.run_id, "evaluation.json", evaluated.files))
    assert report["gains"]["over_constant"]["low"] <= 0
    assert abs(evaluated.holdout["roc_auc"] - 0.5) < 0.1


def test_a_deployed_fit_of_wrong_labels_is_found_behind_the_judged_one(plenty):
    use_case, evaluated, report = plenty
    own = report["deployed"]
    assert own["rows"] == evaluated.trained.parts.labelled
    assert own["gain"]["high"] >= 0
    drawn = evaluated.trained.parts
    wrong, known = partition.rows(use_case, drawn, "train"), partition.rows(use_case, drawn, partition.LABELLED)
    turned = fit(use_case, evaluated.trained.recipe, replace(known, y=1 - known.y))
    sha256 = models.save(evaluated.trained.run_id, use_case, turned, wrong.X.head(5), predict(use_case, turned, wrong.X.head(5)))
    again = evaluate.evaluate(use_case, evaluated.trained.model_copy(update={"sha256": sha256}))
    found = json.loads(tracking.read(evaluated.trained.run_id, "evaluation.json", again.files))
    assert found["deployed"]["gain"]["high"] < -0.2
    assert found["metrics"] == report["metrics"], "the promise is the judged fit's"
