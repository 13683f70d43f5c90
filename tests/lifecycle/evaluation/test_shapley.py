"""Contributions: they add up, they are the right ones where those are known, and nothing else gets any."""

import io
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OrdinalEncoder

from lifecycle import registry
from lifecycle.evaluation.shapley import background, explain
from lifecycle.predict import predict
from tests.toys import toy, visit_features, visits


def known(rows: int = 100, seed: int = 3) -> pl.DataFrame:
    return visit_features(visits(rows, seed))


def test_of_a_linear_model_they_are_the_weights_times_the_distance_from_the_mean() -> None:
    random = np.random.default_rng(0)
    X = pl.DataFrame(random.normal(size=(60, 4)), schema=["a", "b", "c", "d"])
    model = LinearRegression().fit(X, X.to_numpy() @ [3.0, -2.0, 0.0, 0.5])
    fare = registry.find("fare")
    found = explain(fare, lambda rows: predict(fare, model, rows), X[:1], X[10:])
    expected = model.coef_ * (X[:1].to_numpy()[0] - X[10:].to_numpy().mean(axis=0))
    assert list(found.parts.values()) == pytest.approx(expected, abs=1e-9)
    assert found.base == pytest.approx(model.predict(X[10:]).mean())
    assert found.gap < 1e-9
    assert found.scale == "fare_amount"


def test_of_a_few_inputs_they_are_near_the_exact_shapley_values() -> None:
    def say(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(probability=(pl.col("a") * pl.col("b") + pl.col("c")) / 10)

    random = np.random.default_rng(1)
    X = pl.DataFrame(random.random((101, 3)), schema=["a", "b", "c"])
    row, rest = X[:1], X[1:]
    exact = dict.fromkeys(X.columns, 0.0)
    for order in permutations(X.columns):
        now = rest
        for name in order:
            then = now.with_columns(pl.lit(row[name].item()).alias(name))
            exact[name] += (say(then)["probability"].mean() - say(now)["probability"].mean()) / 6  # type: ignore[operator]
            now = then
    found = explain(toy("explained"), say, row, rest)
    for name, value in exact.items():
        assert abs(found.parts[name] - value) < 4 * found.errors[name] + 1e-9
    assert found.errors["c"] < found.errors["a"] + 0.01


class Trees:
    """A boosted model over texts, numbers and nulls, as a pipeline would be."""

    def __init__(self, X: pl.DataFrame, y: Any) -> None:
        self.encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(X.select("kind"))
        self.model = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(self._encoded(X), y)
        self.classes_ = self.model.classes_

    def _encoded(self, X: pl.DataFrame) -> np.ndarray:
        return np.c_[X.drop("kind").to_numpy(), self.encoder.transform(X.select("kind"))]

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        return self.model.predict_proba(self._encoded(X))


@pytest.fixture(scope="module")
def trees() -> Trees:
    rows = visits(1_500)
    return Trees(visit_features(rows), rows["bought"].to_numpy())


def test_they_add_up_for_every_row_nulls_and_unknown_values_included(trees: Trees) -> None:
    use_case = toy("explained")
    rows = known(20, seed=5).with_columns(kind=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("never seen")).otherwise("kind"))
    for i in range(20):
        found = explain(use_case, lambda X: predict(use_case, trees, X), rows[i : i + 1], known())
        assert found.gap < 1e-9
        assert found.output == pytest.approx(trees.predict_proba(rows[i : i + 1])[0, 1], abs=1e-12)


def test_the_same_question_has_the_same_explanation_and_it_names_what_matters(trees: Trees) -> None:
    use_case = toy("explained")
    row = known(1, seed=8).with_columns(amount=pl.lit(400.0), log_amount=pl.lit(6.0))
    first, again = (explain(use_case, lambda X: predict(use_case, trees, X), row, known()) for _ in range(2))
    assert first == again
    assert max(first.parts, key=lambda name: first.parts[name]) in {"amount", "log_amount"}
    assert abs(first.parts["age"]) < 0.1


def test_of_several_classes_the_predicted_one_is_explained() -> None:
    rows = visits(600)
    model = Trees(visit_features(rows), rows["gender"].to_numpy())
    three = registry.find("diagnosis")
    use_case = toy(
        "classes", problem="multiclass", schema=three.schema, features=visit_features, split=three.split, source=three.source, positive=True
    )
    found = explain(use_case, lambda X: predict(use_case, model, X), known(1), known())
    said = predict(use_case, model, known(1))
    assert found.output == said["probability"].item() >= 0.5
    assert said["prediction"].item() in found.scale


def test_the_background_is_a_fixed_sample_that_fits_a_small_file() -> None:
    train = known(5_000)
    kept = pl.read_parquet(io.BytesIO(background(train, 1)))
    assert kept.height == 100
    assert kept.equals(pl.read_parquet(io.BytesIO(background(train, 1))))
    assert kept.schema == train.schema
    assert not kept.equals(train.head(100))
    assert pl.read_parquet(io.BytesIO(background(train.head(7), 1))).height == 7
