"""Families: whatever a valid feature table holds, they fit it, and they answer for rows they have never seen the like of."""

import numpy as np
import polars as pl
import pytest
from optuna.trial import FixedTrial
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lifecycle import kind as kinds
from lifecycle.candidates import Candidate, forest, linear, linear_baseline
from lifecycle.candidates.random_forest import ROWS_PER_TREE
from lifecycle.fit import threads
from lifecycle.models.blueprint import MAX_NARROW_VALUES, blueprint
from tests.toys import toy

N = 600
PROBLEMS = ("binary", "multiclass", "regression")
FAMILIES = kinds.find("binary").families()


def inputs(rows: int = N, seed: int = 0) -> pl.DataFrame:
    """Every kind of column, with gaps: the signal is in `tail`."""
    random = np.random.default_rng(seed)
    gaps = pl.Series(random.random(rows) < 0.1)
    frame = pl.DataFrame(
        {
            "tail": np.exp(2 * random.normal(size=rows)),
            "gappy": random.normal(size=rows),
            "flag": random.random(rows) > 0.5,
            "kind": random.choice(["x", "y", "z"], rows),
            "shop": random.integers(0, 200, rows).astype(str),
        }
    )
    frame = frame.with_columns(pl.when(gaps).then(None).otherwise(pl.col(name)).alias(name) for name in ("gappy", "flag", "kind", "shop"))
    return frame.with_columns(same=pl.lit(1.0), empty=pl.lit(None, pl.Float64), nothing=pl.lit(None, pl.String))


def target(problem: str, X: pl.DataFrame) -> np.ndarray:
    signal = X["tail"].log().to_numpy() / 2 + np.random.default_rng(1).normal(size=X.height) / 2
    if problem == "regression":
        return signal
    if problem == "binary":
        return (signal > 0.5).astype(np.int8)
    return np.array(["low", "middle", "high"], dtype=object)[np.digitize(signal, [-0.5, 0.5])]


def fitted(family: Candidate, problem: str, X: pl.DataFrame, y: np.ndarray):
    few = {family.iterations: 60} if family.iterations else {}
    with threads(len(X)):
        return family.build(blueprint(toy("candidates", problem=problem), X), {**family.defaults, **few}).fit(X, y)  # pyright: ignore[reportAttributeAccessIssue]


def answers(model, X: pl.DataFrame) -> np.ndarray:
    with threads(len(X)):
        return np.asarray(model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_learns_from_gaps_booleans_constants_and_categories(family: Candidate, problem: str):
    X = inputs()
    y = target(problem, X)
    model = fitted(family, problem, X[:450], y[:450])
    assert model.score(X[450:], y[450:]) > kinds.find(problem).constant().fit(X[:450], y[:450]).score(X[450:], y[450:]) + 0.1  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_answers_for_values_it_has_never_seen(family: Candidate):
    X = inputs()
    model = fitted(family, "binary", X, target("binary", X))
    strange = X[:4].with_columns(
        tail=pl.Series([np.inf, -np.inf, np.nan, 1e300]),
        kind=pl.lit("new"),
        shop=pl.Series(["new", None, "", "1"]),
        empty=pl.lit(3.0),
        nothing=pl.lit("!"),
    )
    found = answers(model, strange)
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_row_is_answered_alike_alone_and_among_others(family: Candidate):
    X = inputs()
    model = fitted(family, "binary", X, target("binary", X)).set_params(**({"model__n_jobs": None} if family.name == "forest" else {}))
    together = answers(model, X[:5])
    alone = np.vstack([answers(model, X[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, together, rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_same_seed_gives_the_same_model(family: Candidate):
    X = inputs()
    y = target("binary", X)
    np.testing.assert_allclose(answers(fitted(family, "binary", X, y), X), answers(fitted(family, "binary", X, y), X), rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_defaults_are_what_the_space_would_suggest(family: Candidate):
    suggested = family.space(FixedTrial(dict(family.defaults)))  # pyright: ignore[reportArgumentType]
    assert suggested == {name: value for name, value in family.defaults.items() if name != family.iterations}


def test_a_category_of_a_thousand_values_does_not_give_its_own_rows_away():
    random = np.random.default_rng(3)
    X = pl.DataFrame({"id": np.arange(1_000).astype(str), "x": random.normal(size=1_000)})
    y = random.permutation(np.arange(1_000) % 2).astype(np.int8)
    model = fitted(linear(), "binary", X, y)
    assert model.score(X, y) < 0.6


def test_a_blueprint_tells_wide_categories_from_narrow_ones():
    X = inputs()
    plan = blueprint(toy("candidates"), X)
    assert (plan.categorical, plan.wide) == (("kind", "nothing"), ("shop",))
    assert set(plan.numeric) == {"tail", "gappy", "flag", "same", "empty"}
    assert X["shop"].n_unique() > MAX_NARROW_VALUES >= X["kind"].n_unique()


def test_a_tree_of_a_large_forest_sees_a_bounded_number_of_rows():
    X = pl.DataFrame({"x": np.arange(4.0 * ROWS_PER_TREE)})
    model = forest().build(blueprint(toy("candidates"), X), forest().defaults)
    assert round(model[-1].max_samples * X.height) == ROWS_PER_TREE  # pyright: ignore[reportIndexIssue]


def test_a_linear_model_is_not_thrown_by_an_absurd_row():
    random = np.random.default_rng(4)
    X = pl.DataFrame({"x": random.normal(size=2_000)})
    y = 3 * X["x"].to_numpy() + random.normal(size=2_000)
    model = fitted(linear(), "regression", X, y)
    assert abs(model.predict(pl.DataFrame({"x": [1e12]}))[0]) < 20


def test_a_linear_model_reads_a_long_tail_on_both_scales():
    random = np.random.default_rng(5)
    X = pl.DataFrame({"income": np.exp(2 * random.normal(size=3_000))})
    y = (X["income"].log().to_numpy() > random.normal(size=3_000)).astype(np.int8)
    ours = fitted(linear(), "binary", X, y)
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X.to_numpy(), y)
    assert log_loss(y, answers(ours, X)) < 0.9 * log_loss(y, plain.predict_proba(X.to_numpy()))


def test_the_plain_linear_baseline_is_not_clipped():
    random = np.random.default_rng(5)
    X = pl.DataFrame({"size": random.standard_t(1.5, 3_000), "gappy": np.where(random.random(3_000) < 0.1, np.nan, random.normal(size=3_000))})
    y = 3 * X["size"].to_numpy() + random.normal(size=3_000)
    plain = linear_baseline(blueprint(toy("candidates", problem="regression"), X)).fit(X, y)  # pyright: ignore[reportAttributeAccessIssue]
    clipped = fitted(linear(), "regression", X, y)
    missed = [np.sqrt(np.mean((model.predict(X) - y) ** 2)) for model in (plain, clipped)]
    assert missed[0] < 1.1
    assert missed[1] > 5 * missed[0]


def test_constant_baselines_know_only_the_target():
    y = np.array([0.0, 0.0, 10.0])
    X = pl.DataFrame({"x": [1, 2, 3]})
    assert kinds.find("regression").constant("rmse").fit(X, y).predict(X)[0] == pytest.approx(10 / 3)  # pyright: ignore[reportAttributeAccessIssue]
    assert kinds.find("regression").constant("mae").fit(X, y).predict(X)[0] == 0  # pyright: ignore[reportAttributeAccessIssue]
    assert kinds.find("binary").constant().fit(X, y > 5).predict_proba(X)[0, 1] == pytest.approx(1 / 3)  # pyright: ignore[reportAttributeAccessIssue]
