"""Finalists: families are averaged, and a skewed target is taken on its logarithm, only where that is shown to be better."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from lifecycle.candidates import forest, linear
from lifecycle.dataset import Rows
from lifecycle.errors import DefinitionError
from lifecycle.evaluation import compare
from lifecycle.fit import AVERAGE, NEWEST, fit, fit_estimator, together
from lifecycle.models.calibrate import reweighted
from lifecycle.models.combined import Averaged, LogTarget
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.splits import TimeSplit
from lifecycle.stages import tune
from lifecycle.tuning import final_selection
from lifecycle.tuning.choose import decide
from lifecycle.tuning.final_selection import average, finalist, selection_rows
from lifecycle.tuning.trials import TrialResult
from lifecycle.usecase import Tuning, UseCase
from tests.toys import START, toy

BOTH = (linear(), forest())
RECIPE = Recipe(
    candidate=AVERAGE,
    params={"linear": 0.25, "forest": 0.75},
    parts=tuple(Recipe(candidate=each.name, params=dict(each.defaults)) for each in BOTH),
)


def rows(count: int, seed: int = 0, curved: float = 1.0, problem: str = "binary") -> Rows:
    """A line, which a linear model sees best, plus a step, which trees see best."""
    random = np.random.default_rng(seed)
    X = pl.DataFrame({f"x{i}": random.normal(size=count) for i in range(8)})
    line = X.select(pl.sum_horizontal(pl.all().exclude("x0"))).to_series().to_numpy()
    signal = line + curved * 4 * (np.abs(X["x0"].to_numpy()) > 0.7) - curved * 2
    info = pl.DataFrame({"_key": [str(i) for i in range(count)]})
    if problem == "regression":
        return Rows(X, signal + random.normal(size=count), info)
    return Rows(X, (signal + 2 * random.logistic(size=count) > 0).astype(np.int8), info)


def case(name: str, **changes) -> UseCase:
    return toy(name, candidates=BOTH, tuning=Tuning(trials=2), **changes)


def best_of(use_case: UseCase, few: bool, fitted: Rows, judged: Rows):
    attempts = [TrialResult(i, each.name, dict(each.defaults), 0.0, 0.0, False, 0.1) for i, each in enumerate(use_case.candidates)]
    before = selection_rows(use_case, few, fitted, judged)
    found = [finalist(use_case, attempt, before) for attempt in attempts]
    return max(found, key=lambda each: before.score(use_case, each.outputs)), found, before


@pytest.mark.parametrize("few", [False, True])
def test_families_that_see_different_things_are_averaged(few: bool):
    use_case = case("finalists")
    best, found, before = best_of(use_case, few, rows(1_500), rows(1_500, 1))
    mixed = average(use_case, found, best, before, 2)
    assert mixed is not None
    assert [part.candidate for part in mixed.recipe.parts] == ["linear", "forest"]
    assert sum(mixed.recipe.params.values()) == pytest.approx(1)
    assert before.score(use_case, mixed.outputs) > before.score(use_case, best.outputs)


def test_a_family_that_adds_nothing_is_not_averaged():
    use_case = case("finalists_line")
    best, found, before = best_of(use_case, False, rows(1_000, curved=0), rows(1_000, 1, curved=0))
    assert best.recipe.candidate == "linear"
    assert average(use_case, found, best, before, 2) is None


def test_the_search_ends_with_the_average_and_the_leaderboard_has_it():
    use_case = case("finalists_search")
    fitted, judged = rows(1_500), rows(1_500, 1)
    attempts = [TrialResult(i, each.name, dict(each.defaults), 0.8, 0.0, False, 0.1) for i, each in enumerate(BOTH)]
    best, recipe = decide(use_case, attempts, selection_rows(use_case, False, fitted, judged))
    assert recipe.candidate == best.candidate == AVERAGE
    assert tune._shown(attempts, best) == [*attempts, best]
    alone = dataclasses.replace(use_case, tuning=Tuning(trials=2, average=False))
    assert decide(alone, attempts, selection_rows(alone, False, fitted, judged))[1].parts == ()
    hurried = decide(use_case, attempts, selection_rows(use_case, False, fitted, judged), hurried=True)
    assert hurried[1].candidate in ("linear", "forest")


def test_an_average_is_a_model_as_any_other():
    use_case = case("finalists_model")
    model = fit(use_case, RECIPE, rows(800), rows(400, 1))
    again = fit(use_case, Recipe.model_validate_json(RECIPE.model_dump_json()), rows(800), rows(400, 1))
    X = rows(50, 2).X
    assert predict(use_case, model, X).equals(predict(use_case, again, X))
    parts = [fit_estimator(use_case, part, together(rows(800), rows(400, 1))).predict_proba(X) for part in RECIPE.parts]
    np.testing.assert_allclose(model.model.predict_proba(X), 0.25 * parts[0] + 0.75 * parts[1])


def test_an_average_of_regressions_is_their_mean():
    use_case = case("finalists_number", problem="regression")
    fitted = rows(600, problem="regression")
    model = fit_estimator(use_case, RECIPE, fitted)
    parts = [fit_estimator(use_case, part, fitted).predict(fitted.X) for part in RECIPE.parts]
    np.testing.assert_allclose(model.predict(fitted.X), 0.25 * parts[0] + 0.75 * parts[1])


def test_class_weights_inside_an_average_are_known():
    from sklearn.linear_model import LogisticRegression

    plain, weighted = LogisticRegression(), LogisticRegression(class_weight="balanced")
    assert reweighted(Averaged([plain, weighted], [0.5, 0.5]))
    assert not reweighted(Averaged([plain, plain], [0.5, 0.5]))


def test_a_skewed_target_is_learnt_on_its_logarithm_where_that_is_better():
    use_case = case("finalists_skewed", problem="regression")

    def priced(count: int, seed: int, exponent: bool) -> Rows:
        base = rows(count, seed, problem="regression")
        line = base.X["x1"].to_numpy() + np.random.default_rng(seed).normal(size=count) / 4
        return Rows(base.X, np.exp(1.5 * line) if exponent else (line + 10) ** 1.0, base.info)

    for exponent in (True, False):
        fitted, judged = priced(1_200, 0, exponent), priced(1_200, 1, exponent)
        assert use_case.kind.logarithm_helps(fitted.y) is exponent
        before = selection_rows(use_case, False, fitted, judged)
        found = finalist(use_case, TrialResult(0, "linear", {"alpha": 1.0}, 0.0, 0.0, False, 0.1), before)
        assert found.recipe.params.get("log_target", False) is exponent
        if exponent:
            model = fit_estimator(use_case, found.recipe, fitted)
            assert isinstance(model, LogTarget)
            assert model.predict(judged.X).mean() == pytest.approx(judged.y.mean(), rel=0.25)
            assert model.predict(judged.X[:1].with_columns(x1=pl.lit(1e9)))[0] <= 1.5 * fitted.y.max()


def test_a_candidate_called_average_is_refused():
    with pytest.raises(DefinitionError, match="a candidate cannot be called 'average'"):
        toy("finalists_name", candidates=(final_selection.replace(linear(), name="average"),))


def test_a_recipe_from_before_there_were_averages_still_loads():
    assert Recipe.model_validate_json('{"candidate": "linear", "params": {"alpha": 1.0}}').parts == ()
    assert compare.replaced(RECIPE, case("finalists_gone")) == set()
    assert compare.replaced(RECIPE, toy("finalists_left", candidates=(linear(),))) == {"forest"}


def moved(count: int, first: int, turned: int) -> Rows:
    """Rows of a world in time whose line is another one until row `turned`; the first is number `first`."""
    made = rows(count, first, curved=0.0)
    at = np.arange(first, first + count)
    y = np.where(at < turned, 1 - made.y, made.y).astype(np.int8)
    return Rows(made.X, y, made.info.with_columns(_time=pl.Series(at * 60_000_000).cast(pl.Duration("us")) + START))


@pytest.mark.parametrize(("moving", "turned", "wanted"), [(True, 700, 0.5), (True, 1_100, 0.25), (True, 0, None), (False, 700, None)])
def test_a_model_moves_on_with_the_world_where_that_is_asked_for_and_shown_to_be_better(moving: bool, turned: int, wanted: float | None):
    use_case = toy("finalists_moved", split=TimeSplit(moving=moving))
    fitted, judged = moved(1_500, 0, turned), moved(1_500, 1_500, turned)
    found = finalist(use_case, TrialResult(0, "linear", {"alpha": 1.0}, 0.0, 0.0, False, 0.1), selection_rows(use_case, False, fitted, judged))
    assert found.recipe.params.get(NEWEST) == wanted
    if wanted:
        newest = fitted.take(np.arange(len(fitted)) >= len(fitted) * (1 - wanted))
        alone = fit_estimator(use_case, Recipe(candidate="linear", params={"alpha": 1.0}), newest)
        np.testing.assert_allclose(fit_estimator(use_case, found.recipe, fitted).predict_proba(judged.X), alone.predict_proba(judged.X))
