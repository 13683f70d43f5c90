"""Intervals and sets: they hold the truth as often as they state, for each class too, and state nothing by too few rows."""

import pickle

import numpy as np
import polars as pl
import pytest

from lifecycle.models.conformal import PredictionIntervals, PredictionSets, from_json, needed, surrounded
from lifecycle.models.estimators import Calibrated

COVERAGE = 0.9
NEW = 4_000


def skewed(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, and truths whose errors grow with them and have a long tail to the right."""
    predicted = random.gamma(2, 2, rows)
    return predicted + predicted * (random.gamma(1, 1, rows) - 1), predicted


def inside(found: PredictionIntervals, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    low, high = found.columns(pl.DataFrame({"prediction": predicted}), predicted, ())
    return (low.to_numpy() <= y) & (y <= high.to_numpy())


def test_intervals_reach_their_coverage_for_small_and_for_large_predictions():
    random = np.random.default_rng(1)
    reached, low, high = [], [], []
    for _ in range(60):
        found = PredictionIntervals.of(*skewed(random, 2_000), COVERAGE)
        y, predicted = skewed(random, NEW)
        there = inside(found, y, predicted)
        reached.append(there.mean())
        low.append(there[predicted < 2].mean())
        high.append(there[predicted > 6].mean())
    assert np.mean(reached) == pytest.approx(COVERAGE, abs=0.01)
    assert np.mean(low) == pytest.approx(COVERAGE, abs=0.03)  # one width for all rows covers all of these,
    assert np.mean(high) == pytest.approx(COVERAGE, abs=0.03)  # and 0.61 of these


def test_intervals_are_as_skewed_as_the_errors():
    found = PredictionIntervals.of(*skewed(np.random.default_rng(2), 2_000), COVERAGE)
    assert all(above > -1.2 * below > 0 for below, above in zip(found.below, found.above, strict=True))
    assert found.above[-1] > 3 * found.above[0]


def test_no_end_is_beyond_what_the_schema_allows_and_that_takes_no_truth_out():
    random = np.random.default_rng(8)
    y, predicted = skewed(random, 2_000)
    plain, bound = (PredictionIntervals.of(y.clip(0, 20), predicted, COVERAGE, bounds) for bounds in ((None, None), (0.0, 20.0)))
    said = pl.DataFrame({"prediction": np.append(predicted, [-50.0, 90.0])})
    low, high = bound.columns(said, said["prediction"].to_numpy(), ())
    assert 0 <= low.min() <= low.max() <= high.max() == 20.0  # pyright: ignore[reportOperatorIssue]
    assert (low <= high).all()
    assert (inside(plain, y.clip(0, 20), predicted) == inside(bound, y.clip(0, 20), predicted)).all()


def test_the_quantile_of_few_rows_is_the_finite_sample_one_and_fewer_rows_state_nothing():
    random = np.random.default_rng(3)
    least = needed(COVERAGE, 2)
    assert least == 19
    reached = []
    for _ in range(400):
        found = PredictionIntervals.of(*skewed(random, least), COVERAGE)
        y, predicted = skewed(random, 200)
        reached.append(inside(found, y, predicted).mean())
    assert COVERAGE - 0.01 < np.mean(reached) < COVERAGE + 0.03  # the plain 5 % and 95 % quantiles of 19 rows cover 0.82
    few = PredictionIntervals.of(*skewed(random, least - 1), COVERAGE)
    assert not few.states
    assert few.columns(pl.DataFrame({"prediction": [1.0]}), np.ones(1), ()) == []
    assert not PredictionSets.of(np.zeros(8), np.full((8, 2), 0.5), np.array([0, 1]), COVERAGE).states


def classed(random: np.random.Generator, rows: int, shares: list[float], classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes, and probabilities that are right on average."""
    truth = random.choice(len(shares), rows, p=shares)
    scores = random.normal(size=(rows, len(shares))) + 2 * np.eye(len(shares))[truth] + np.log(shares)
    weights = np.exp(scores)
    return classes[truth], weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [np.array([0, 1]), np.array(list("abcd"), dtype=object)], ids=["binary", "multiclass"])
def test_sets_reach_their_coverage_for_every_class_also_a_rare_one(classes: np.ndarray):
    random, shares = np.random.default_rng(4), [0.03, 0.97] if len(classes) == 2 else [0.03, 0.17, 0.3, 0.5]
    reached: dict[object, list[float]] = {value: [] for value in classes.tolist()}
    for _ in range(30):
        found = PredictionSets.of(*classed(random, 3_000, shares, classes), classes, COVERAGE)
        y, probabilities = classed(random, NEW, shares, classes)
        said = pl.DataFrame({"prediction": pl.Series(classes[probabilities.argmax(axis=1)].tolist())})
        (sets,) = found.columns(said, probabilities, classes)
        assert all(one in each for one, each in zip(said["prediction"].to_list(), sets.to_list(), strict=True))
        for value in classes.tolist():
            of = np.flatnonzero(y == value)
            reached[value].append(float(np.mean([value in each for each in sets.gather(of).to_list()])))
    assert min(np.mean(each) for each in reached.values()) > COVERAGE - 0.01  # by one quantile for all, that of the rare class is 0.00 and 0.19


def test_rows_one_by_one_have_the_sets_that_they_have_together():
    random, classes = np.random.default_rng(5), np.array(list("abcd"), dtype=object)
    found = PredictionSets.of(*classed(random, 900, [0.1, 0.2, 0.3, 0.4], classes), classes, COVERAGE)
    _, probabilities = classed(random, 600, [0.1, 0.2, 0.3, 0.4], classes)
    said = pl.DataFrame({"prediction": pl.Series(classes[probabilities.argmax(axis=1)].tolist())})
    (whole,) = found.columns(said, probabilities, classes)
    single = [found.columns(said[at], probabilities[at : at + 1], classes)[0].to_list()[0] for at in range(600)]
    assert whole.to_list() == single
    assert len({len(each) for each in single}) > 1


def test_many_classes_have_the_same_sets_however_their_probabilities_lie_in_memory():
    random, classes = np.random.default_rng(8), np.array([f"class {letter}" for letter in "abcdefghijkl"])
    y, outputs = classed(random, 2_000, [1 / 12] * 12, classes)
    found = PredictionSets.of(y, outputs, classes, COVERAGE)
    said = pl.DataFrame({"prediction": classes[outputs.argmax(axis=1)]})
    by_rows, by_columns = (found.columns(said, each, classes)[0].to_list() for each in (np.ascontiguousarray(outputs), np.asfortranarray(outputs)))
    assert by_columns == by_rows


def test_what_is_kept_as_json_is_what_it_was():
    random, classes = np.random.default_rng(6), np.array([0, 1])
    for found in (
        PredictionIntervals.of(*skewed(random, 900), COVERAGE),
        PredictionSets.of(*classed(random, 900, [0.3, 0.7], classes), classes, COVERAGE),
    ):
        assert from_json(found.as_json()) == found
    assert from_json(None) is None


def test_a_model_that_was_kept_before_there_were_sets_answers_as_it_did():
    old = Calibrated.__new__(Calibrated)
    old.__dict__.update(model=None, slope=1.0, intercept=0.0, threshold=0.3)
    said = pl.DataFrame({"prediction": [1], "probability": [0.4]})
    assert surrounded(said, pickle.loads(pickle.dumps(old)), np.array([[0.6, 0.4]])).equals(said)
    assert old.get_params(deep=False)["conformal"] is None
