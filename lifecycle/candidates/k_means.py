"""K-means."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.models import pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint


def kmeans() -> Candidate:
    """K-means: round clusters of like size. How many is searched, from 2 to 12: each trial tries one number."""
    first = tuple({"n_clusters": count} for count in pipelines.SIZES)
    return Candidate("kmeans", _build, lambda trial: {"n_clusters": trial.suggest_int("n_clusters", 2, 12)}, {"n_clusters": 3}, first=first)


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    """Rows as points before k-means."""
    from sklearn.cluster import KMeans

    return pipelines.clustering(plan, KMeans(**{"n_init": pipelines.STARTS, "random_state": plan.seed, **params}))
