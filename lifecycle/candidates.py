"""Model families a use case can choose from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle.models import pipelines
from lifecycle.models.blueprint import Blueprint

if TYPE_CHECKING:
    from optuna import Trial
    from sklearn.base import BaseEstimator


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
    first: tuple[Mapping[str, Any], ...] = ()
    """Hyperparameters to be tried next, where there are trials for them, before the search goes its own way; never given up early."""


def linear() -> Candidate:
    """Logistic regression, or ridge regression, on scaled numbers and one-hot categories."""
    return Candidate("linear", pipelines.linear, lambda trial: {"alpha": trial.suggest_float("alpha", 1e-3, 1e3, log=True)}, {"alpha": 1.0})


def forest() -> Candidate:
    """A random forest whose cost and size are bounded: a tree sees at most 10,000 rows."""

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 40, log=True),
            "max_features": trial.suggest_float("max_features", 0.1, 1.0),
        }

    deep = {"min_samples_leaf": 2, "max_features": 0.7}  # for few strong inputs, as the default is for many weak ones
    return Candidate("forest", pipelines.forest, space, {"min_samples_leaf": 5, "max_features": 0.3}, first=(deep,))


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
    return Candidate("boosting", pipelines.boosting, space, defaults, iterations="max_iter", first=(larger,))


def kmeans() -> Candidate:
    """K-means: round clusters of like size. How many is searched, from 2 to 12: each trial tries one number."""
    sizes = (2, 4, 5, 6, 8, 7, 10)
    first = tuple({"n_clusters": count} for count in sizes)
    return Candidate("kmeans", pipelines.kmeans, lambda trial: {"n_clusters": trial.suggest_int("n_clusters", 2, 12)}, {"n_clusters": 3}, first=first)


def mixture() -> Candidate:
    """A mixture of normal distributions: clusters of any size and stretch, with a probability for each row."""

    def space(trial: "Trial") -> dict[str, Any]:
        return {
            "n_components": trial.suggest_int("n_components", 2, 12),
            "covariance_type": trial.suggest_categorical("covariance_type", ["diag", "full", "tied"]),
        }

    sizes = (2, 4, 5, 6, 8, 7, 10)
    first = tuple({"n_components": count, "covariance_type": "diag"} for count in sizes)
    return Candidate("mixture", pipelines.mixture, space, {"n_components": 3, "covariance_type": "diag"}, first=first)


def linear_baseline(plan: Blueprint) -> "BaseEstimator":
    """The baseline of a plain linear model: the linear family, untuned."""
    return pipelines.linear(plan, linear().defaults)
