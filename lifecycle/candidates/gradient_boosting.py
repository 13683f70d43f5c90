"""Histogram gradient boosting."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.models import pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint


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
    larger = {**defaults, "learning_rate": 0.05, "max_leaf_nodes": 31, "l2_regularization": 0.1}  # for many rows
    return Candidate("boosting", _build, space, defaults, iterations="max_iter", first=(larger,))


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    """Codes before histogram gradient boosting."""
    common = {"early_stopping": False, "random_state": plan.seed, **params}  # early stopping would validate on random rows
    return pipelines.trees(plan, plan.kind.boosting(**common))
