"""What the families' estimators are built of: the columns' encoders, fitted with the model and inside it, before the model itself."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from lifecycle.kind import Kind
    from lifecycle.models.blueprint import Blueprint

STARTS = 10
"""A clustering is begun anew so often: where it ends depends on where it begins."""
SIZES = (2, 4, 5, 6, 8, 7, 10)
"""The numbers of clusters that are tried first, after 3."""


def trees(plan: "Blueprint", model: "BaseEstimator") -> "BaseEstimator":
    """A tree model: it takes numbers as they are, and categories as codes, unseen and missing ones with codes of their own."""
    from sklearn.preprocessing import OrdinalEncoder

    from lifecycle.models.estimators import Floats

    return pipeline(plan, Floats(), OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), model)


def pipeline(plan: "Blueprint", numbers: "BaseEstimator", narrow: "BaseEstimator", model: "BaseEstimator") -> "BaseEstimator":
    """The columns' encoders before a model. Where all inputs are numbers there is only one, which costs a row the least."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    if not plan.categorical and not plan.wide and not plan.encoded:
        return Pipeline([("numbers", numbers), ("model", model)])
    parts = [
        ("numbers", numbers, list(plan.numeric)),
        ("categories", narrow, list(plan.categorical)),
        ("wide", by_mean(plan.kind, plan.seed), list(plan.wide)),
    ]
    columns = ColumnTransformer([part for part in parts if part[2]] + _encoders(plan), sparse_threshold=0, verbose_feature_names_out=False)
    return Pipeline([("columns", columns), ("model", model)])


def by_mean(kind: "Kind", seed: int) -> "BaseEstimator":
    """A category with many values as the mean of the target, by folds: its own rows never say what a row's category is worth."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    return TargetEncoder(target_type=kind.target_type, cv=KFold(5, shuffle=True, random_state=seed))  # pyright: ignore[reportArgumentType]


def _encoders(plan: "Blueprint") -> list[Any]:
    """What the roles of columns read their inputs with."""
    return [(f"{role} {name}", role.encoder(plan.kind, plan.seed), [name]) for name, role in plan.encoded]


def clustering(plan: "Blueprint", model: Any) -> "BaseEstimator":
    """Rows as points before a clustering, whose clusters are numbered by size."""
    from sklearn.pipeline import Pipeline

    from lifecycle.models.cluster_embedding import space
    from lifecycle.models.clusterings import SizeOrdered

    return Pipeline([("space", space(plan)), ("model", SizeOrdered(model))])
