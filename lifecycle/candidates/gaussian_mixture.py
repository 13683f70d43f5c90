"""Mixtures of normal distributions."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.models import pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint


def mixture() -> Candidate:
    """A mixture of normal distributions: clusters of any size and stretch, with a probability for each row."""

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "n_components": trial.suggest_int("n_components", 2, 12),
            "covariance_type": trial.suggest_categorical("covariance_type", ["diag", "full", "tied"]),
        }

    first = tuple({"n_components": count, "covariance_type": "diag"} for count in pipelines.SIZES)
    return Candidate("mixture", _build, space, {"n_components": 3, "covariance_type": "diag"}, first=first)


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    """Rows as points before a mixture of normal distributions."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(n_init=pipelines.STARTS // 3, reg_covar=1e-2, max_iter=200, random_state=plan.seed, **params)
    return pipelines.clustering(plan, model)
