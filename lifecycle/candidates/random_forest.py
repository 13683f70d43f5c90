"""Random forests."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.models import pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

ROWS_PER_TREE = 10_000
"""A tree sees at most so many: more cost time and size, and boosting is there for them."""
TREES = 60


def forest() -> Candidate:
    """A random forest whose cost and size are bounded: a tree sees at most 10,000 rows."""

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 40, log=True),
            "max_features": trial.suggest_float("max_features", 0.1, 1.0),
        }

    deep = {"min_samples_leaf": 2, "max_features": 0.7}  # for few strong inputs, as the default is for many weak ones
    return Candidate("forest", _build, space, {"min_samples_leaf": 5, "max_features": 0.3}, first=(deep,))


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    """Codes before a random forest."""
    share = ROWS_PER_TREE / plan.rows if plan.rows > ROWS_PER_TREE else None
    return pipelines.trees(plan, plan.kind.forest(TREES, max_samples=share, n_jobs=-1, random_state=plan.seed, **params))
