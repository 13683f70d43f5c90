"""Logistic and ridge regression."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.models import pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint


def linear() -> Candidate:
    """Logistic regression, or ridge regression, on scaled numbers and one-hot categories."""
    return Candidate("linear", _build, lambda trial: {"alpha": trial.suggest_float("alpha", 1e-3, 1e3, log=True)}, {"alpha": 1.0})


def linear_baseline(plan: "Blueprint") -> "BaseEstimator":
    """The baseline of a plain linear model: untuned, on numbers that are standardised and otherwise as they came (the family clips them)."""
    from lifecycle.models.estimators import Standardised

    return _pipeline(plan, Standardised(), linear().defaults)


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    """Scaled numbers and one-hot categories before a logistic or a ridge regression."""
    from lifecycle.models.estimators import Scaled

    return _pipeline(plan, Scaled(), params)


def _pipeline(plan: "Blueprint", numbers: "BaseEstimator", params: "Mapping[str, Any]") -> "BaseEstimator":
    from sklearn.preprocessing import OneHotEncoder

    narrow = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=min(10, 1 + plan.rows // 100), sparse_output=False)
    return pipelines.pipeline(plan, numbers, narrow, plan.kind.linear(params, plan.seed))
