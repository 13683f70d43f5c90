"""Training: what is fitted on which rows, and that what is kept is what was fitted."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.candidates import Candidate, linear
from lifecycle.dataset import Rows
from lifecycle.errors import DataError, DefinitionError
from lifecycle.fit import Fits, fit, fit_estimator, out_of_fold, together, two_fits
from lifecycle.kind import find
from lifecycle.models.blueprint import Blueprint
from lifecycle.models.calibrate import best_threshold
from lifecycle.models.estimators import corrected
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.stages import collect, featurize, split, train, tune, validate
from lifecycle.store import models, tracking
from lifecycle.table import parts
from lifecycle.usecase import Tuning, UseCase
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
    X = parts.rows(use_case, drawn, "gate").X
    kept, judged = (models.load(trained.run_id, sha256) for sha256 in (trained.sha256, trained.judged_sha256))
    again = fit(use_case, trained.recipe, parts.rows(use_case, drawn, "train"), parts.rows(use_case, drawn, "tune"))
    assert predict(use_case, judged, X).equals(predict(use_case, again, X))
    assert not predict(use_case, kept, X).equals(predict(use_case, again, X))
    everything = parts.rows(use_case, drawn, parts.LABELLED)
    assert len(everything) == drawn.labelled > drawn.counts["train"] + drawn.counts["tune"]
    np.testing.assert_array_equal(kept.model.predict_proba(X), fit_estimator(use_case, trained.recipe, everything).predict_proba(X))
    shown = tracking.client().get_run(trained.run_id).data.params
    assert shown["data/deployed_rows"] == str(drawn.labelled)
    assert (shown["candidate"], shown["data/train_rows"]) == ("linear", str(drawn.counts["train"]))
    assert float(shown["threshold"]) == pytest.approx(kept.threshold_, abs=1e-6)


def finished_by(
    problem: str = "binary", recipe: Recipe = RECIPE
) -> "tuple[Fits, list[tuple[np.ndarray, np.ndarray, pl.DataFrame]], dict[str, Rows]]":
    """Both fits of a recipe; what each was finished by; and the rows."""
    seen: list[tuple[np.ndarray, np.ndarray, pl.DataFrame]] = []
    kind = find(problem)

    class Watched(type(kind)):
        """A kind that remembers what models were finished by."""

        def finish(self, use_case: UseCase, model: Any, unseen: Callable[[], tuple[np.ndarray, np.ndarray, pl.DataFrame]]) -> Any:
            seen.append(unseen())
            return super().finish(use_case, model, lambda: seen[-1])

    given = {part: rows(count, seed, problem) for part, count, seed in (("train", 1_000, 1), ("tune", 800, 2), ("gate", 600, 3))}
    everything = reduce(together, given.values())
    fits = two_fits(toy("train_two", problem=Watched()), recipe, **given, labelled=everything)
    return fits, seen, {**given, "labelled": everything}


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_the_judged_fit_has_seen_train_and_tune_and_the_deployed_one_every_labelled_row(problem: str):
    fits, _, given = finished_by(problem)
    use_case, X = toy("train_two", problem=problem), given["gate"].X
    for made, known in ((fits.judged, together(given["train"], given["tune"])), (fits.deployed, given["labelled"])):
        estimator = getattr(made, "model", made)
        np.testing.assert_array_equal(use_case.kind.outputs(estimator, X), use_case.kind.outputs(fit_estimator(use_case, RECIPE, known), X))


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_each_fit_is_finished_by_what_a_fit_of_its_recipe_says_of_rows_that_it_has_not_seen(problem: str):
    memory = Recipe(candidate="forest", params={"min_samples_leaf": 1, "max_features": 1.0})
    _, seen, given = finished_by(problem, memory)
    use_case = toy("train_two", problem=problem)
    first = fit_estimator(use_case, memory, given["train"])
    second = fit_estimator(use_case, memory, together(given["train"], given["tune"]))
    of_tune, of_gate = use_case.kind.outputs(first, given["tune"].X), use_case.kind.outputs(second, given["gate"].X)
    np.testing.assert_array_equal(seen[0][1], of_tune)
    np.testing.assert_array_equal(seen[1][0], np.concatenate([given["tune"].y, given["gate"].y]))
    np.testing.assert_array_equal(seen[1][1], np.concatenate([of_tune, of_gate]))


def test_the_threshold_gives_rows_that_were_not_seen_their_best_f1():
    fits, seen, _ = finished_by()
    for model, (y, probabilities, _) in zip((fits.judged, fits.deployed), seen, strict=True):
        corrected_by_model = corrected(probabilities, model.slope, model.intercept)
        assert model.threshold_ == pytest.approx(best_threshold(y, corrected_by_model[:, 1]))


def test_a_class_that_only_the_newest_rows_have_is_one_of_the_deployed_fit_alone():
    given = {part: rows(count, seed, "multiclass") for part, count, seed in (("train", 1_000, 1), ("tune", 800, 2), ("gate", 600, 3))}
    given["gate"].y[:200] = "new"
    use_case = toy("train_new_class", problem="multiclass")
    fits = two_fits(use_case, RECIPE, **given, labelled=reduce(together, given.values()))
    assert [list(fit.classes_) for fit in (fits.judged, fits.deployed)] == [["false", "true"], ["false", "new", "true"]]
    np.testing.assert_allclose(fits.deployed.predict_proba(given["gate"].X).sum(axis=1), 1)


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


def test_answers_of_other_fits_are_decided_by_the_threshold_of_the_model_that_answers():
    fits, _, given = finished_by()
    use_case, X = toy("train_two"), given["gate"].X
    said = use_case.kind.decided(predict(use_case, fits.judged, X), fits.deployed)
    assert said["prediction"].to_list() == (said["probability"] >= fits.deployed.threshold_).cast(pl.Int8).to_list()
    assert fits.judged.threshold_ != fits.deployed.threshold_
