"""Model families a use case can choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.usecase import UseCase

WIDE = 30  # a category with more distinct values is encoded by the target's mean
FOREST_ROWS = 10_000  # a tree sees at most so many: more cost time and size, and boosting is there for them
FOREST_TREES = 60


@dataclass(frozen=True)
class Blueprint:
    """What a candidate has to be built for.

    Attributes:
        problem: the problem kind.
        numeric: numeric and Boolean inputs.
        categorical: texts of at most 30 distinct values in the rows to fit on.
        seed: of everything random.
        wide: texts of more distinct values.
        rows: how many there are to fit on.
    """

    problem: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    seed: int
    wide: tuple[str, ...] = ()
    rows: int = 0


@dataclass(frozen=True)
class Candidate:
    """A family: how to build an unfitted estimator (preprocessing included), and which hyperparameters to try.

    A definition lists its candidates from the simplest to the most complex: where little data cannot tell them apart,
    the first is taken.
    """

    name: str
    build: "Callable[[Blueprint, Mapping[str, Any]], BaseEstimator]"
    space: "Callable[[Trial], dict[str, Any]]"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """The first trial's hyperparameters: everything that `space` would suggest, and `iterations`."""
    iterations: str = ""
    """The hyperparameter that counts boosting iterations, where the last step of the pipeline has it under this name, with
    `warm_start` and `staged_predict`: its best value is read off one fit, and `space` leaves it out."""


def default_candidates(problem: str) -> tuple[Candidate, ...]:
    """The families tried where a definition names none, from the simplest on; each fits any supervised problem."""
    return (linear(), forest(), boosting())


def linear() -> Candidate:
    """Logistic regression, or ridge regression, on scaled numbers and one-hot categories."""
    return Candidate("linear", _linear, lambda trial: {"alpha": trial.suggest_float("alpha", 1e-3, 1e3, log=True)}, {"alpha": 1.0})


def forest() -> Candidate:
    """A random forest whose cost and size are bounded: a tree sees at most 10,000 rows."""

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 40, log=True),
            "max_features": trial.suggest_float("max_features", 0.1, 0.6),
        }

    return Candidate("forest", _forest, space, {"min_samples_leaf": 5, "max_features": 0.3})


def boosting() -> Candidate:
    """Histogram gradient boosting; how many iterations is read off the tune part."""

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.04, 0.2, log=True),
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 48, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 100, log=True),
            "l2_regularization": trial.suggest_float("l2_regularization", 1e-2, 10.0, log=True),
            "max_features": trial.suggest_float("max_features", 0.3, 1.0),
        }

    defaults = {"learning_rate": 0.08, "max_leaf_nodes": 20, "min_samples_leaf": 20, "l2_regularization": 1.0, "max_features": 0.6, "max_iter": 250}
    return Candidate("boosting", _boosting, space, defaults, iterations="max_iter")


def blueprint(use_case: "UseCase", X: "pl.DataFrame") -> Blueprint:
    """What a candidate has to be built for, to be fitted on these rows of model inputs."""
    import polars as pl

    texts = [name for name, dtype in X.schema.items() if dtype == pl.String]
    distinct = dict(zip(texts, X.select(pl.col(texts).n_unique()).row(0), strict=True)) if texts else {}
    return Blueprint(
        problem=use_case.problem,
        numeric=tuple(name for name in X.columns if name not in distinct),
        categorical=tuple(name for name in texts if distinct[name] <= WIDE),
        wide=tuple(name for name in texts if distinct[name] > WIDE),
        seed=use_case.seed,
        rows=X.height,
    )


def constant(problem: str, metric: str = "") -> "BaseEstimator":
    """The baseline that knows nothing but the target: the classes' shares, the mean, or the median where that is judged."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    if problem != "regression":
        return DummyClassifier(strategy="prior")
    return DummyRegressor(strategy="median" if metric in ("mae", "median_ae", "mape") else "mean")


def linear_baseline(plan: Blueprint) -> "BaseEstimator":
    """The baseline of a plain linear model: the linear family, untuned."""
    return _linear(plan, linear().defaults)


def _linear(plan: Blueprint, params: Mapping[str, Any]) -> "BaseEstimator":
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import OneHotEncoder

    from lifecycle.estimators import Scaled

    narrow = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=min(10, 1 + plan.rows // 100), sparse_output=False)
    if plan.problem == "regression":
        return _pipeline(plan, Scaled(), narrow, Ridge(alpha=params["alpha"], random_state=plan.seed))
    model = LogisticRegression(C=1 / params["alpha"], solver="newton-cholesky", max_iter=100, random_state=plan.seed)
    return _pipeline(plan, Scaled(), narrow, model)


def _forest(plan: Blueprint, params: Mapping[str, Any]) -> "BaseEstimator":
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    family = RandomForestRegressor if plan.problem == "regression" else RandomForestClassifier
    share = FOREST_ROWS / plan.rows if plan.rows > FOREST_ROWS else None
    return _trees(plan, family(FOREST_TREES, max_samples=share, n_jobs=-1, random_state=plan.seed, **params))


def _boosting(plan: Blueprint, params: Mapping[str, Any]) -> "BaseEstimator":
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    common = {"early_stopping": False, "random_state": plan.seed, **params}  # early stopping would validate on random rows
    if plan.problem == "regression":
        return _trees(plan, HistGradientBoostingRegressor(**common))
    return _trees(plan, HistGradientBoostingClassifier(**common))


def _trees(plan: Blueprint, model: "BaseEstimator") -> "BaseEstimator":
    """A tree model: it takes numbers as they are, and categories as codes, unseen and missing ones with codes of their own."""
    from sklearn.preprocessing import OrdinalEncoder

    from lifecycle.estimators import Floats

    return _pipeline(plan, Floats(), OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), model)


def _pipeline(plan: Blueprint, numbers: "BaseEstimator", narrow: "BaseEstimator", model: "BaseEstimator") -> "BaseEstimator":
    """The columns' encoders before a model. Where all inputs are numbers there is only one, which costs a row the least."""
    from sklearn.compose import ColumnTransformer
    from sklearn.model_selection import KFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import TargetEncoder

    if not plan.categorical and not plan.wide:
        return Pipeline([("numbers", numbers), ("model", model)])
    kind = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}[plan.problem]
    folds = KFold(5, shuffle=True, random_state=plan.seed)  # its own rows never say what a row's category is worth
    parts = [
        ("numbers", numbers, list(plan.numeric)),
        ("categories", narrow, list(plan.categorical)),
        ("wide", TargetEncoder(target_type=kind, cv=folds), list(plan.wide)),  # pyright: ignore[reportArgumentType]
    ]
    columns = ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0, verbose_feature_names_out=False)
    return Pipeline([("columns", columns), ("model", model)])
