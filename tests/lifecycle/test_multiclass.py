"""Multiclass end to end: classes by name or by number, common and rare, from the source to drift and live performance."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from lifecycle.candidates import forest, linear
from lifecycle.dataset import Rows
from lifecycle.evaluation.evaluation_set import EvaluationSet
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.per_class import by_class
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.resample import ResampleGroups
from lifecycle.reproduce import reproduce
from lifecycle.sources import Generated
from lifecycle.splits import HashSplit, StratifiedSplit
from lifecycle.stages import evaluate, monitor, promote, register, score, train, tune
from lifecycle.store import models, versions
from lifecycle.store.lake import lake
from lifecycle.table.parts import rows
from lifecycle.usecase import Gate, Monitoring, Tuning, UseCase
from schemas.roles import column
from tests.challengers import parts_of

QUICK = (linear(), forest())
SHARES = {"walk": 0.5, "ride": 0.3, "sail": 0.194, "fly": 0.006}


class Trip(pa.DataFrameModel):
    """A made-up trip."""

    trip: int = column("key", ge=0)
    speed: float = column(ge=0)
    wind: float = column(nullable=True)
    region: str = column(isin=["north", "south"])
    gender: str = column("sensitive", isin=["f", "m"])
    way: str = column("target", nullable=True)


class NumberedTrip(Trip):
    """The same, its ways numbered."""

    way: int = column("target", nullable=True)  # pyright: ignore[reportIncompatibleVariableOverride]


def trips(rows: int = 1_500, numbered: bool = False, first: int = 0) -> Iterator[pl.DataFrame]:
    """Trips, numbered from `first` on, whose way shows in their speed, some of them unlabelled; one way in 170 is to fly."""
    random = np.random.default_rng(3 + first)
    way = random.choice(len(SHARES), rows, p=list(SHARES.values()))
    names = np.array(list(SHARES))
    frame = pl.DataFrame(
        {
            "trip": np.arange(first, first + rows),
            "speed": np.exp(np.array([1.5, 2.7, 2.2, 6.0])[way] + 0.35 * random.normal(size=rows)),
            "wind": random.normal(size=rows) + 2.0 * (way == 2),
            "region": random.choice(["north", "south"], rows),
            "gender": random.choice(["f", "m"], rows),
            "way": way if numbered else names[way],
        }
    )
    unknown = pl.Series(random.random(rows) < 0.02)
    yield frame.with_columns(way=pl.when(unknown).then(None).otherwise("way"), wind=pl.when(pl.col("trip") % 17 == 0).then(None).otherwise("wind"))


def case(name: str, **changes: Any) -> UseCase:
    given: dict[str, Any] = {
        "title": "trips",
        "problem": "multiclass",
        "schema": Trip,
        "source": Generated(trips, changes.pop("parameters", {}), deterministic=True),
        "features": lambda rows: rows.select("speed", "wind", "region"),
        "split": HashSplit(),
        "slices": ("region",),
        "tuning": Tuning(trials=3),
        "gate": Gate(rows=200),
        "monitoring": Monitoring(window=200),
    }
    return UseCase(name=name, **{**given, **changes})


def through(use_case: UseCase):
    evaluated = evaluate.evaluate(use_case, train.train(use_case, tune.tune(use_case, parts_of(use_case))))
    version = register.register(use_case, evaluated)
    return use_case, version, promote.promote(use_case, version), json.loads(versions.artifact(version, "evaluation.json"))


@pytest.fixture(scope="module")
def named():
    return through(case("trips"))


def test_a_good_model_of_named_classes_is_promoted(named):
    use_case, version, verdict, _ = named
    assert verdict.promoted, verdict.reason
    assert tuple(version.evaluated.holdout) == (*use_case.kind.metrics, "coverage")
    assert version.evaluated.holdout["accuracy"] > 0.85 > version.evaluated.baseline["accuracy"]


def test_every_class_is_told_of_by_itself_the_rare_one_too(named):
    use_case, version, _, report = named
    table = {row["class"]: row for row in report["classes"]}
    assert list(table)[:3] == ["walk", "ride", "sail"]
    gate = rows(use_case, version.evaluated.trained.parts, "gate")
    model = models.load(*version.judged)
    guess = model.predict(gate.X)
    for name in ("walk", "ride", "sail"):
        assert table[name]["recall"] == pytest.approx(recall_score(gate.y, guess, labels=[name], average="macro"))
        assert table[name]["precision"] == pytest.approx(precision_score(gate.y, guess, labels=[name], average="macro"))
        assert table[name]["low"] <= table[name]["recall"] <= table[name]["high"]
    assert {"plots/classes.png", "plots/roc.png", "plots/confusion.png", "plots/calibration.png"} <= set(report["plots"])
    card = versions.artifact(version, "model_card.md").decode()
    assert "## Class by class" in card
    assert "| walk |" in card


def test_slices_and_groups_are_judged(named):
    _, _, _, report = named
    assert {row["column"] for row in report["slices"]["table"]} == {"region", "gender"}
    assert set(report["fairness"]["gender"]) == {"groups", "accuracy", "calibration"}


def test_new_rows_are_scored_watched_and_compared_with_late_labels(named):
    use_case, version, _, _ = named
    features = parts_of(case("trips", parameters={"first": 1_500})).features
    assert score.score(use_case, features).rows == 1_500 + version.evaluated.trained.parts.counts["unlabelled"]
    found = lake().frame("SELECT prediction, probability FROM trips.predictions")
    assert set(found["prediction"]) <= set(SHARES)
    assert found["probability"].is_between(0.25, 1).all()
    report = monitor.monitor(use_case, features)
    assert not report.drifted, report.reason
    assert "prediction" in report.columns


def test_the_version_can_be_made_again(named):
    use_case, version, _, _ = named
    assert reproduce(use_case, version.version)["identical"] is True


def test_numbered_classes_are_as_good_as_named_ones():
    use_case, _, verdict, report = through(
        case("trips_numbered", schema=NumberedTrip, parameters={"numbered": True}, split=StratifiedSplit(), candidates=QUICK)
    )
    assert verdict.promoted, verdict.reason
    assert [row["class"] for row in report["classes"]][:3] == ["0", "1", "2"]
    features = parts_of(replace(use_case, source=Generated(trips, {"numbered": True, "first": 1_500}, deterministic=True))).features
    score.score(use_case, features)
    assert monitor.monitor(use_case, features).windows >= 1


def test_few_rows_with_a_class_of_three_are_cross_validated():
    _, version, _, report = through(case("trips_few", parameters={"rows": 240}, tuning=Tuning(trials=2), candidates=QUICK))
    assert version.evaluated.mode == "cross-validation"
    assert version.evaluated.holdout["accuracy"] > 0.8
    assert sum(row["rows"] for row in report["classes"]) == report["judged"]["rows"]


def test_a_class_that_is_in_no_row_leaves_the_area_of_the_others():
    y = np.array(["a", "b"] * 50, dtype=object)
    random = np.random.default_rng(0)
    p = random.dirichlet([1, 1, 0.1], 100)
    said = pl.DataFrame(
        {"prediction": np.array(["a", "b", "c"])[p.argmax(axis=1)], "probability": p.max(axis=1), "p_a": p[:, 0], "p_b": p[:, 1], "p_c": p[:, 2]}
    )
    found = compute("multiclass", y, said)["roc_auc"]
    assert found == pytest.approx(np.mean([roc_auc_score(y == "a", p[:, 0]), roc_auc_score(y == "b", p[:, 1])]))
    judged = Predictions(Rows(pl.DataFrame({"x": y}), y, pl.DataFrame()), (said,), {})
    table = by_class(EvaluationSet(case("trips_absent"), judged, judged, ResampleGroups("row", np.arange(100), 100)))
    last = table[-1]
    assert (last.name, last.rows, last.recall, last.roc_auc) == ("c", 0, None, None)
    assert table[0].f1 == pytest.approx(f1_score(y, said["prediction"].to_numpy(), labels=["a"], average="macro"))
