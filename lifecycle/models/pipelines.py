"""How the families' estimators are built: the columns' encoders, fitted with the model and inside it, and the model itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

FOREST_ROWS = 10_000  # a tree sees at most so many: more cost time and size, and boosting is there for them
FOREST_TREES = 60
STARTS = 10
"""A clustering is begun anew so often: where it ends depends on where it begins."""


def linear(plan: "Blueprint", params: Mapping[str, Any]) -> "BaseEstimator":
    """Scaled numbers and one-hot categories before a logistic or a ridge regression."""
    from sklearn.preprocessing import OneHotEncoder

    from lifecycle.models.estimators import Scaled

    narrow = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=min(10, 1 + plan.rows // 100), sparse_output=False)
    return _pipeline(plan, Scaled(), narrow, plan.kind.linear(params, plan.seed))


def forest(plan: "Blueprint", params: Mapping[str, Any]) -> "BaseEstimator":
    """Codes before a random forest."""
    share = FOREST_ROWS / plan.rows if plan.rows > FOREST_ROWS else None
    return _trees(plan, plan.kind.forest(FOREST_TREES, max_samples=share, n_jobs=-1, random_state=plan.seed, **params))


def boosting(plan: "Blueprint", params: Mapping[str, Any]) -> "BaseEstimator":
    """Codes before histogram gradient boosting."""
    common = {"early_stopping": False, "random_state": plan.seed, **params}  # early stopping would validate on random rows
    return _trees(plan, plan.kind.boosting(**common))


def _trees(plan: "Blueprint", model: "BaseEstimator") -> "BaseEstimator":
    """A tree model: it takes numbers as they are, and categories as codes, unseen and missing ones with codes of their own."""
    from sklearn.preprocessing import OrdinalEncoder

    from lifecycle.models.estimators import Floats

    return _pipeline(plan, Floats(), OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), model)


def _pipeline(plan: "Blueprint", numbers: "BaseEstimator", narrow: "BaseEstimator", model: "BaseEstimator") -> "BaseEstimator":
    """The columns' encoders before a model. Where all inputs are numbers there is only one, which costs a row the least."""
    from sklearn.compose import ColumnTransformer
    from sklearn.model_selection import KFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import TargetEncoder

    if not plan.categorical and not plan.wide and not plan.text:
        return Pipeline([("numbers", numbers), ("model", model)])
    folds = KFold(5, shuffle=True, random_state=plan.seed)  # its own rows never say what a row's category is worth
    parts = [
        ("numbers", numbers, list(plan.numeric)),
        ("categories", narrow, list(plan.categorical)),
        ("wide", TargetEncoder(target_type=plan.kind.target_type, cv=folds), list(plan.wide)),  # pyright: ignore[reportArgumentType]
    ]
    columns = ColumnTransformer([part for part in parts if part[2]] + _texts(plan), sparse_threshold=0, verbose_feature_names_out=False)
    return Pipeline([("columns", columns), ("model", model)])


def _texts(plan: "Blueprint") -> list[Any]:
    """An encoder for each free text: a module of its own, that only who has texts loads."""
    if not plan.text:
        return []
    from lifecycle.models.text import Text

    return [(f"text {name}", Text(plan.kind.text_model(plan.seed), seed=plan.seed), [name]) for name in plan.text]


def kmeans(plan: "Blueprint", params: Mapping[str, Any]) -> "BaseEstimator":
    """Rows as points before k-means."""
    from sklearn.cluster import KMeans

    return _clustering(plan, KMeans(**{"n_init": STARTS, "random_state": plan.seed, **params}))


def mixture(plan: "Blueprint", params: Mapping[str, Any]) -> "BaseEstimator":
    """Rows as points before a mixture of normal distributions."""
    from sklearn.mixture import GaussianMixture

    return _clustering(plan, GaussianMixture(n_init=STARTS // 3, reg_covar=1e-2, max_iter=200, random_state=plan.seed, **params))


def _clustering(plan: "Blueprint", model: Any) -> "BaseEstimator":
    from sklearn.pipeline import Pipeline

    from lifecycle.models.clusterings import Numbered
    from lifecycle.models.space import Space

    return Pipeline([("space", Space(plan.text, plan.seed)), ("model", Numbered(model))])
