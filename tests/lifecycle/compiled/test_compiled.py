"""Compiled models: what the pipeline says, of real and of absurd rows; what cannot be compiled, or is not the same, is refused."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle import kind as kinds
from lifecycle.compiled import admit
from lifecycle.compiled.convert import convert
from lifecycle.compiled.model import Compiled
from lifecycle.dataset import Rows
from lifecycle.errors import LifecycleError
from lifecycle.fit import fit
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.usecase import UseCase
from tests.toys import toy, visits

KINDS = {"binary": "bought", "multiclass": "segment", "regression": "spent"}


def inputs(rows: int, seed: int = 3) -> pl.DataFrame:
    """All that inputs can be: numbers with and without gaps, long tails, Booleans, integers, few and many categories."""
    random = np.random.default_rng(seed)
    base = visits(rows, seed=seed)
    many = pl.Series([f"shop {number}" for number in random.integers(0, 60, rows)])
    return base.select(
        "amount", "age", "kind",
        tail=np.exp(random.normal(0, 3, rows)),
        count=pl.Series(random.integers(0, 9, rows)).set(pl.Series(random.random(rows) < 0.1), None),
        night=pl.Series(random.random(rows) < 0.3),
        empty=pl.lit(None, pl.Float64),
        shop=many.set(pl.Series(random.random(rows) < 0.05), None),
        tiny=pl.when(pl.int_range(pl.len()) % 97 == 0).then(pl.lit("rare")).otherwise(pl.lit("usual")),
    )  # fmt: skip


def definition(problem: str) -> UseCase:
    """A use case that need not have the columns: only its problem is asked for."""
    whole = toy(f"compiled_{problem}")
    object.__setattr__(whole, "problem", problem)
    object.__setattr__(whole, "metric", whole.kind.metric)
    return whole


def rows_for(problem: str, rows: int, seed: int) -> Rows:
    X = inputs(rows, seed)
    random = np.random.default_rng(seed)
    score = (X["amount"].to_numpy() / 60 - 1) + (X["kind"] == "a").to_numpy() + random.normal(0, 0.5, rows)
    y: Any = {
        "binary": (score > 0.3).astype(int),
        "multiclass": np.where(score > 1, "high", np.where(score > 0, "middle", "low")).astype(object),
        "regression": score * 100,
    }[problem]
    return Rows(X, y, pl.DataFrame({"_key": [str(at) for at in range(rows)]}))


@pytest.fixture(scope="module", params=list(KINDS))
def problem(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=["linear", "forest", "boosting"])
def fitted(request: pytest.FixtureRequest, problem: str) -> tuple[UseCase, Any, pl.DataFrame]:
    use_case = definition(problem)
    family = next(each for each in kinds.find(problem).families() if each.name == request.param)
    params = {**family.defaults, **({"max_iter": 20} if request.param == "boosting" else {})}
    train, tune = rows_for(problem, 1_200, 3), rows_for(problem, 500, 4)
    object.__setattr__(use_case, "candidates", (family,))
    return use_case, fit(use_case, Recipe(candidate=family.name, params=params), train, tune), train.X


def test_a_compiled_model_says_what_the_pipeline_says(fitted: tuple[UseCase, Any, pl.DataFrame]) -> None:
    use_case, model, X = fitted
    facts = admit.compared(use_case, model, Compiled(convert(model, tuple(X.columns))), X)
    assert facts["difference"] <= 1e-12
    assert facts["rows"] > X.height


def test_rows_one_by_one_and_in_chunks_are_the_same(fitted: tuple[UseCase, Any, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    use_case, model, X = fitted
    compiled = Compiled(convert(model, tuple(X.columns)))
    whole = predict(use_case, compiled, X.head(300))
    monkeypatch.setattr("lifecycle.compiled.model.CHUNK_ROWS", 64)
    assert predict(use_case, compiled, X.head(300)).equals(whole)
    single = pl.concat([predict(use_case, compiled, X[at]) for at in range(20)])
    numbers = pl.col(pl.Float64)
    assert single.select(numbers).to_numpy() == pytest.approx(whole.head(20).select(numbers).to_numpy())
    assert single.select(pl.col(pl.List)).equals(whole.head(20).select(pl.col(pl.List)))


def test_columns_may_come_in_another_order(fitted: tuple[UseCase, Any, pl.DataFrame]) -> None:
    use_case, model, X = fitted
    compiled = Compiled(convert(model, tuple(X.columns)))
    assert predict(use_case, compiled, X.select(sorted(X.columns))).equals(predict(use_case, compiled, X))


def test_a_graph_that_is_off_is_refused() -> None:
    use_case = definition("binary")
    train, tune = rows_for("binary", 600, 3), rows_for("binary", 300, 4)
    right, other = (fit(use_case, Recipe(candidate="linear", params={"alpha": alpha}), train, tune) for alpha in (1.0, 1.001))
    graph = Compiled(convert(other, tuple(train.X.columns)))
    with pytest.raises(LifecycleError, match="compiled form is off by up to"):
        admit.compared(use_case, right, graph, train.X)


def test_single_precision_would_be_noticed() -> None:
    """A tree whose thresholds are rounded takes another branch for the values beside them."""
    use_case = definition("binary")
    train, tune = rows_for("binary", 600, 3), rows_for("binary", 300, 4)
    model = fit(use_case, Recipe(candidate="boosting", params={"max_iter": 10, "max_leaf_nodes": 8}), train, tune)
    graph = Compiled(convert(model, tuple(train.X.columns)))
    rounded = graph._inputs
    graph._inputs = lambda X: rounded(X).astype(np.float32).astype(np.float64)  # type: ignore[method-assign]
    with pytest.raises(LifecycleError, match="compiled form is off"):
        admit.compared(use_case, model, graph, train.X)


def test_a_model_of_another_kind_is_served_as_it_is() -> None:
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline

    from lifecycle.models.estimators import Floats

    train = rows_for("binary", 300, 3)
    X = train.X.select("amount", "tail")
    model = make_pipeline(Floats(), GaussianNB()).fit(X, train.y)
    assert admit.compile(definition("binary"), model, "", ("amount", "tail"), X) == (
        {"refused": "its model is of the type GaussianNB, which cannot be compiled"},
        {},
    )
