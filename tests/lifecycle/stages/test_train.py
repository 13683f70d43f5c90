"""Training: what is fitted on which rows, and that what is kept is what was fitted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.candidates import Candidate, linear
from lifecycle.dataset import Rows
from lifecycle.errors import DataError, DefinitionError
from lifecycle.fit import fit, fit_estimator, out_of_fold, together
from lifecycle.models.blueprint import Blueprint
from lifecycle.models.calibrate import best_threshold
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.stages import collect, featurize, split, train, tune, validate
from lifecycle.store import models, tracking
from lifecycle.table import parts
from lifecycle.usecase import Tuning
from tests.toys import toy, visit_features, visits

RECIPE = Recipe(candidate="linear", params={"alpha": 1.0})


def rows(count: int, seed: int = 1, problem: str = "binary") -> Rows:
    frame = visits(count, seed)
    y = {
        "binary": frame["bought"].cast(pl.Int8).to_numpy(),
        "multiclass": frame["bought"].cast(pl.String).to_numpy().astype(object),
        "regression": frame["amount"].to_numpy() * 2,
    }
    return Rows(visit_features(frame), y[problem], frame.rename({"at": "_time"}))


def test_the_kept_model_answers_as_the_fitted_one():
    use_case = toy("train_stage", tuning=Tuning(trials=1), candidates=(linear(),))
    drawn = split.split(use_case, featurize.featurize(use_case, validate.validate(use_case, collect.collect(use_case))))
    tuned = tune.tune(use_case, drawn)
    trained = train.train(use_case, tuned)
    assert (trained.run_id, trained.recipe) == (tuned.run_id, tuned.recipe)
    kept = models.load(trained.run_id, trained.sha256)
    X = parts.rows(use_case, drawn, "gate").X
    again = fit(use_case, trained.recipe, parts.rows(use_case, drawn, "train"), parts.rows(use_case, drawn, "tune"))
    assert predict(use_case, kept, X).equals(predict(use_case, again, X))
    shown = tracking.client().get_run(trained.run_id).data.params
    assert (shown["candidate"], shown["train_rows"]) == ("linear", str(drawn.counts["train"]))
    assert float(shown["threshold"]) == pytest.approx(kept.threshold_, abs=1e-6)


def test_a_classifier_is_not_fitted_on_the_rows_that_calibrate_it():
    use_case, tuned = toy("train_unseen"), rows(800, 2)
    spoilt = Rows(tuned.X, 1 - tuned.y, tuned.info)
    right, wrong = fit(use_case, RECIPE, rows(1_000), tuned), fit(use_case, RECIPE, rows(1_000), spoilt)
    np.testing.assert_array_equal(right.model.predict_proba(tuned.X), wrong.model.predict_proba(tuned.X))
    assert right.threshold_ != wrong.threshold_


def test_the_threshold_gives_the_tune_rows_their_best_f1():
    use_case, tuned = toy("train_threshold"), rows(800, 2)
    model = fit(use_case, RECIPE, rows(1_000), tuned)
    assert model.threshold_ == pytest.approx(best_threshold(tuned.y, model.predict_proba(tuned.X)[:, 1]))


def test_a_regressor_is_fitted_on_train_and_tune_rows():
    use_case = toy("train_regression", problem="regression")
    first, second = rows(600, problem="regression"), rows(600, 2, "regression")
    both = fit(use_case, RECIPE, together(first, second))
    np.testing.assert_allclose(fit(use_case, RECIPE, first, second).predict(first.X), both.predict(first.X))


def test_few_tune_rows_are_fitted_on_and_the_threshold_comes_from_out_of_fold_predictions():
    use_case, first, second = toy("train_few"), rows(200), rows(100, 2)
    model, both = fit(use_case, RECIPE, first, second), together(first, second)
    np.testing.assert_array_equal(model.model.predict_proba(both.X), fit(use_case, RECIPE, both).model.predict_proba(both.X))
    y, probabilities, _ = out_of_fold(use_case, RECIPE, both, model.classes_)
    assert len(y) == 300
    assert model.threshold_ == best_threshold(y, probabilities[:, 1])


def test_predictions_out_of_fold_are_not_of_the_own_row():
    random = np.random.default_rng(0)
    noise = Rows(pl.DataFrame({"x": random.normal(size=400)}), random.integers(0, 2, 400).astype(np.int8), rows(400).info)
    memory = Recipe(candidate="forest", params={"min_samples_leaf": 1, "max_features": 1.0})
    y, probabilities, _ = out_of_fold(toy("train_folds"), memory, noise, np.array([0, 1]))
    assert ((probabilities[:, 1] > 0.5) == y).mean() < 0.6
    assert (fit_estimator(toy("train_folds"), memory, noise).predict(noise.X) == noise.y).mean() > 0.9


def test_fitting_again_gives_the_same_model():
    use_case = toy("train_again")
    recipe = Recipe(candidate="forest", params={"min_samples_leaf": 5, "max_features": 0.5})
    first, second = (fit(use_case, recipe, rows(600), rows(400, 2)) for _ in range(2))
    assert predict(use_case, first, rows(50, 3).X).equals(predict(use_case, second, rows(50, 3).X))


def test_a_multiclass_model_gives_a_probability_for_each_class():
    use_case = toy("train_classes", problem="multiclass")
    said = predict(use_case, fit(use_case, RECIPE, rows(600, problem="multiclass"), rows(400, 2, "multiclass")), rows(10, 3).X)
    assert said.columns == ["prediction", "probability", "p_false", "p_true", "set"]
    np.testing.assert_allclose(said["p_false"] + said["p_true"], 1)


def test_class_weights_do_not_reach_the_probabilities():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from lifecycle.models.estimators import Floats

    def build(plan: Blueprint, params: Mapping[str, Any]) -> Any:
        return make_pipeline(Floats(), LogisticRegression(class_weight={0: 1, 1: 20}, max_iter=1_000))

    weighted = Candidate("weighted", build, lambda trial: {})
    use_case = toy("train_weighted", candidates=(weighted,))
    model = fit(use_case, Recipe(candidate="weighted"), numbers(rows(1_500)), numbers(rows(800, 2)))
    fresh = numbers(rows(2_000, 3))
    assert model.model.predict_proba(fresh.X)[:, 1].mean() > fresh.y.mean() + 0.2
    assert model.predict_proba(fresh.X)[:, 1].mean() == pytest.approx(fresh.y.mean(), abs=0.04)


def numbers(of: Rows) -> Rows:
    return Rows(of.X.select("amount", "log_amount"), of.y, of.info)


@pytest.mark.parametrize(("problem", "found"), [("binary", "only others than True"), ("multiclass", "found a;"), ("regression", "values in the 50")])
def test_a_target_with_one_value_is_refused_before_anything_is_fitted(problem: str, found: str):
    use_case, few = toy("train_one", problem=problem), rows(50)
    one = {"binary": np.zeros(50, np.int8), "multiclass": np.array(["a"] * 50, dtype=object), "regression": np.ones(50)}
    with pytest.raises(DataError, match=f"use case 'train_one': the target 'bought' needs at least two .*{found}"):
        fit(use_case, Recipe(candidate="nothing that exists"), Rows(few.X, one[problem], few.info))


def test_a_target_that_is_no_number_is_refused():
    few = rows(50, problem="regression")
    few.y[3] = np.nan
    with pytest.raises(DataError, match="finite number, found 1 rows"):
        fit(toy("train_nan", problem="regression"), RECIPE, few)


def test_a_recipe_of_an_unknown_candidate_is_refused():
    with pytest.raises(DefinitionError, match="names one of its candidates"):
        fit(toy("train_unknown"), Recipe(candidate="neural"), rows(400), rows(400, 2))
