"""Clustering end to end: rows without a target, from the source to drift, and what speaks against a clustering of nothing."""

import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from lifecycle.dataset import Rows
from lifecycle.errors import DefinitionError
from lifecycle.fit import together, two_fits
from lifecycle.predict import predict
from lifecycle.references import ModelVersion, Recipe, Verdict
from lifecycle.reproduce import reproduce
from lifecycle.sources import Generated
from lifecycle.splits import HashSplit, StratifiedSplit
from lifecycle.stages import evaluate, monitor, promote, register, score, train, tune
from lifecycle.store import versions
from lifecycle.store.lake import lake
from lifecycle.table import feature_table
from lifecycle.table.parts import rows
from lifecycle.usecase import Gate, Monitoring, Tuning, UseCase
from schemas.roles import column
from tests.challengers import parts_of


class Shopper(pa.DataFrameModel):
    """A made-up customer."""

    shopper: int = column("key", ge=0)
    spends: float = column()
    visits: float = column(nullable=True)
    colour: str = column(isin=["red", "blue", "green"])
    gender: str = column("sensitive", isin=["f", "m"])
    kind: int = column("ignored")


def shoppers(rows: int = 1_500, apart: float = 4.0, first: int = 0) -> Iterator[pl.DataFrame]:
    """Customers, numbered from `first` on, of three kinds that lie `apart` standard deviations from each other; at 0 there are no kinds."""
    random = np.random.default_rng(7 + first)
    kind = random.choice([0, 1, 2], rows, p=[0.5, 0.3, 0.2])
    gaps = pl.Series(random.random(rows) < 0.03)
    likes = np.array(["red", "blue", "green"])[np.where(random.random(rows) < (0.9 if apart else 0), kind, random.integers(0, 3, rows))]
    frame = pl.DataFrame(
        {
            "shopper": np.arange(first, first + rows),
            "spends": random.normal(size=rows) + apart * (kind == 1),
            "visits": random.normal(size=rows) + apart * (kind == 2),
            "colour": likes,
            "gender": random.choice(["f", "m"], rows),
            "kind": kind,
        }
    )
    yield frame.with_columns(visits=pl.when(gaps).then(None).otherwise("visits"))


def case(name: str, **changes: Any) -> UseCase:
    given: dict[str, Any] = {
        "title": "shoppers",
        "problem": "clustering",
        "schema": Shopper,
        "source": Generated(shoppers, changes.pop("parameters", {}), deterministic=True),
        "features": lambda rows: rows.select("spends", "visits", "colour"),
        "split": HashSplit(),
        "tuning": Tuning(trials=6),
        "gate": Gate(rows=200),
        "monitoring": Monitoring(window=200),
    }
    return UseCase(name=name, **{**given, **changes})


def judged(use_case: UseCase) -> tuple[ModelVersion, Verdict]:
    evaluated = evaluate.evaluate(use_case, train.train(use_case, tune.tune(use_case, parts_of(use_case))))
    version = register.register(use_case, evaluated)
    return version, promote.promote(use_case, version)


@pytest.fixture(scope="module")
def found() -> tuple[UseCase, ModelVersion, Verdict]:
    use_case = case("shoppers")
    return use_case, *judged(use_case)


def test_the_kinds_that_are_there_are_found_and_the_version_is_promoted(found):
    use_case, version, verdict = found
    assert verdict.promoted, verdict.reason
    store = lake()
    parts = version.evaluated.trained.parts
    scored = score.score(use_case, parts.features)
    said = store.frame("SELECT CAST(key AS BIGINT) AS shopper, prediction FROM shoppers.predictions").join(next(shoppers()), on="shopper")
    assert scored.rows == said.height == 1_500
    assert said["prediction"].n_unique() == 3
    assert adjusted_rand_score(said["kind"], said["prediction"]) > 0.8


def test_the_clusters_of_the_deployed_fit_have_the_names_that_the_judged_fit_gives_them():
    random = np.random.default_rng(3)

    def around(*counts: int) -> Rows:
        centres = zip((0.0, 10.0, 20.0), counts, strict=True)
        X = pl.DataFrame({"spends": np.concatenate([random.normal(centre, 1, count) for centre, count in centres])})
        return Rows(X, X.to_numpy(), pl.DataFrame({"_key": map(str, range(X.height))}))

    given = {"train": around(500, 300, 100), "tune": around(400, 200, 100), "gate": around(50, 100, 1_200)}  # the smallest becomes the largest
    use_case = case("shoppers_renamed")
    fits = two_fits(use_case, Recipe(candidate="kmeans", params={"n_clusters": 3}), **given, labelled=reduce(together, given.values()))
    judged, deployed = (predict(use_case, model, given["gate"].X)["prediction"] for model in (fits.judged, fits.deployed))
    assert (judged == deployed).sum() > 0.98 * len(judged)


def test_every_metric_stands_beside_its_baselines(found):
    _, version, _ = found
    evaluated = version.evaluated
    assert tuple(evaluated.holdout) == ("silhouette", "davies_bouldin", "calinski_harabasz", "stability")
    assert set(evaluated.intervals) == set(evaluated.holdout)
    assert evaluated.holdout["silhouette"] > evaluated.baseline["silhouette"] + 0.05
    assert evaluated.holdout["stability"] > 0.9
    assert evaluated.holdout["davies_bouldin"] < evaluated.baseline["davies_bouldin"]


def test_the_evaluation_says_what_each_cluster_is(found):
    _, version, _ = found
    report = json.loads(versions.artifact(version, "evaluation.json"))
    clusters = report["clusters"]
    assert [cluster["cluster"] for cluster in clusters] == ["1", "2", "3"]
    assert sum(cluster["rows"] for cluster in clusters) == report["judged"]["rows"]
    told = {one["column"]: one for one in clusters[1]["apart"]}
    assert told["spends"]["effect"] > 1
    assert told["colour"]["value"] == "blue"
    assert set(report["plots"]) == {f"plots/{name}.png" for name in ("clusters", "silhouettes", "sizes", "importances")}
    card = versions.artifact(version, "model_card.md").decode()
    assert "## The clusters" in card
    assert "colour = blue in " in card
    assert "constant" not in card.replace("a constant by", "")


def test_the_version_can_be_made_again(found):
    use_case, version, _ = found
    assert reproduce(use_case, version.version)["identical"] is True


@pytest.mark.usefixtures("found")
def test_without_a_change_there_is_no_drift_and_the_clusters_are_watched():
    more = case("shoppers", parameters={"first": 1_500})
    report = monitor.monitor(more, parts_of(more).features)
    assert report.windows >= 1
    assert not report.drifted
    assert "prediction" in report.columns
    assert report.performance is None


@pytest.mark.usefixtures("found")
def test_a_challenger_of_the_same_rows_is_not_shown_to_be_better():
    other = case("shoppers", seed=5, tuning=Tuning(trials=2))
    _, verdict = judged(other)
    assert not verdict.promoted
    assert "not shown to be better than version 1: silhouette" in verdict.reason or "not enough evidence" in verdict.reason


def test_where_there_are_no_kinds_nothing_is_promoted():
    _, verdict = judged(case("shoppers_none", parameters={"apart": 0.0}))
    assert not verdict.promoted
    assert "the same recipe on shuffled columns" in verdict.reason or "unstable" in verdict.reason


def test_few_rows_are_cross_validated_under_common_names():
    use_case = case("shoppers_few", parameters={"rows": 240})
    version, verdict = judged(use_case)
    assert version.evaluated.mode == "cross-validation"
    assert verdict.promoted, verdict.reason
    assert version.evaluated.holdout["silhouette"] > 0.4
    report = json.loads(versions.artifact(version, "evaluation.json"))
    assert sum(cluster["rows"] for cluster in report["clusters"]) == 240


def test_the_space_is_fitted_on_training_rows_alone():
    use_case = case("shoppers_space")
    parts = parts_of(use_case)
    train_rows = rows(use_case, parts, "train")
    assert train_rows.y.shape == (len(train_rows), 2 + 4)
    np.testing.assert_allclose(train_rows.y[:, :2].mean(axis=0), 0, atol=1e-9)
    assert feature_table.read(use_case, parts.features).y.shape == (1_500, 0)


def test_a_clustering_with_a_target_or_a_split_by_class_is_refused_in_a_sentence():
    with pytest.raises(DefinitionError, match="split=StratifiedSplit keeps the shares of classes, and a clustering has none"):
        case("shoppers_split", split=StratifiedSplit())

    class Labelled(Shopper):
        kind: int = column("target")

    with pytest.raises(DefinitionError, match="a clustering has no target, found 'kind'"):
        case("shoppers_target", schema=Labelled)
    with pytest.raises(DefinitionError, match=r"a metric of a clustering problem is one of silhouette, .* found 'stability'"):
        case("shoppers_metric", metric="stability")
    case("shoppers_gate", gate=Gate(minimum={"stability": 0.8}))
