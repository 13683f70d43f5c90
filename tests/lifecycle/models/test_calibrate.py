"""Calibration: probabilities that are off are fixed, those that are right are left alone; thresholds are the best there are."""

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

from lifecycle import kind as kinds
from lifecycle.models.blueprint import blueprint
from lifecycle.models.calibrate import best_threshold, calibrate, reweighted
from lifecycle.models.estimators import Calibrated, corrected
from lifecycle.predict import predict
from tests.toys import toy

N = 2_000


def logistic(seed: int = 0, weight: dict[int, float] | None = None) -> tuple[LogisticRegression, pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    X = pl.DataFrame({"x": random.normal(size=N)})
    y = (random.random(N) < 1 / (1 + np.exp(-(2 * X["x"].to_numpy() - 2)))).astype(np.int8)
    return LogisticRegression(class_weight=weight).fit(X, y), X, y


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=1, max_size=40))
@settings(deadline=None)
def test_no_threshold_has_a_better_f1(rows: list[tuple[int, int]]):
    y, probability = np.array([row[0] for row in rows]), np.array([row[1] / 8 for row in rows])

    def f1(at: float) -> float:
        return float(f1_score(y, probability >= at, zero_division=0.0))  # pyright: ignore[reportArgumentType]

    assert f1(best_threshold(y, probability)) == pytest.approx(max(f1(at) for at in [*probability, 2.0]))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=40).filter(lambda rows: len({row[0] for row in rows}) == 2))
@settings(deadline=None)
def test_a_threshold_is_the_best_by_what_the_definition_names(rows: list[tuple[int, int]]):
    y, probability = np.array([row[0] for row in rows]), np.array([row[1] / 8 for row in rows])
    for by, metric in (("accuracy", accuracy_score), ("balanced_accuracy", balanced_accuracy_score)):
        reached = metric(y, probability >= best_threshold(y, probability, by))
        assert reached == pytest.approx(max(metric(y, probability >= at) for at in probability))


def test_probabilities_that_are_off_are_mended():
    model, X, y = logistic()
    wrong = Calibrated(model, slope=0.3, intercept=2.0)
    fixed = calibrate(toy("calibrate"), wrong, y, wrong.predict_proba(X))
    assert log_loss(y, fixed.predict_proba(X)) < log_loss(y, wrong.predict_proba(X)) - 0.1
    assert fixed.predict_proba(X)[y == 1, 1].mean() == pytest.approx(model.predict_proba(X)[y == 1, 1].mean(), abs=0.02)


def test_probabilities_that_are_right_are_left_alone():
    model, X, _ = logistic()
    _, others, fresh = logistic(seed=9)
    found = calibrate(toy("calibrate"), model, fresh, model.predict_proba(others))
    np.testing.assert_array_equal(found.predict_proba(X), model.predict_proba(X))


def test_class_weights_are_always_corrected():
    plain, X, y = logistic()
    for weight in (1.1, 20.0):  # the first is too little to be seen on so few rows
        model = logistic(weight={0: 1.0, 1: weight})[0]
        found = calibrate(toy("calibrate"), model, y[:200], model.predict_proba(X[:200]))
        assert (found.slope, found.intercept) != (1.0, 0.0)
        assert found.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.1)
    assert reweighted(model)
    assert not reweighted(plain)


def test_temperature_never_changes_which_class_is_likeliest():
    random = np.random.default_rng(2)
    truth = random.choice(3, N)
    scores = 6 * np.eye(3)[truth] * (random.random(N) < 0.5)[:, None] + random.normal(size=(N, 3))
    probabilities = np.exp(4 * scores) / np.exp(4 * scores).sum(axis=1, keepdims=True)
    model = kinds.find("multiclass").constant().fit(np.zeros((N, 1)), np.array(["a", "b", "c"], dtype=object)[truth])  # pyright: ignore[reportAttributeAccessIssue]
    found = calibrate(toy("calibrate", problem="multiclass"), model, np.array(["a", "b", "c"], dtype=object)[truth], probabilities)
    assert found.slope < 0.9
    after = corrected(probabilities, found.slope, found.intercept)
    assert log_loss(truth, after) < log_loss(truth, probabilities)
    sure = probabilities.max(axis=1) < 1 - 1e-5
    np.testing.assert_array_equal(after[sure].argmax(axis=1), probabilities[sure].argmax(axis=1))


def test_a_pickled_model_keeps_its_threshold_and_its_predictions():
    model, X, y = logistic()
    kept = calibrate(toy("calibrate"), model, y, model.predict_proba(X))
    again = pickle.loads(pickle.dumps(kept))
    assert again.threshold_ == kept.threshold_ != 0.5
    said = predict(toy("calibrate"), again, X)
    np.testing.assert_array_equal(said["prediction"].to_numpy(), kept.predict(X))
    assert kept.get_params()["threshold"] == kept.threshold_


def test_nothing_is_corrected_where_the_rows_have_one_class():
    model, X, _ = logistic()
    found = calibrate(toy("calibrate"), model, np.zeros(N, np.int8), model.predict_proba(X))
    assert (found.slope, found.intercept, found.threshold_) == (1.0, 0.0, 0.5)
    assert blueprint(toy("calibrate"), X).numeric == ("x",)
