"""Clusterings as estimators: numbered by size, asked for new rows. It subclasses scikit-learn: import it only where one is built or loaded."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin

MAX_FIT_ROWS = 100_000


class SizeOrdered(ClusterMixin, BaseEstimator):
    """A clustering whose clusters are named by their rank in size: "1" is the largest in training.

    Args:
        model: an estimator with `fit` and `predict`, which gives the number of a cluster for rows it has not seen. Where it
            has `predict_proba`, there is a probability for each cluster.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        """Find the clusters of points, shape (n, coordinates); of very many in evenly spaced ones."""
        X = X[:: max(1, len(X) // MAX_FIT_ROWS)]
        self.model.fit(X)
        counts = np.bincount(self.model.predict(X), minlength=count(self.model))
        self.order_ = np.argsort(-counts, kind="stable")
        self.name_ = np.empty(len(counts), dtype=object)
        self.name_[self.order_] = [str(i + 1) for i in range(len(counts))]
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The name of each row's cluster."""
        return self.name_[self.model.predict(X)]

    def certainty(self, X: np.ndarray) -> np.ndarray | None:
        """The probability of each row's cluster; `None` for a model that has no probabilities."""
        return self.model.predict_proba(X).max(axis=1) if hasattr(self.model, "predict_proba") else None


class Relabelled:
    """A fitted clustering whose clusters take the names of those of another one that they share most rows with.

    Two clusterings of the same rows number their clusters as it comes; only under common names can the rows that each
    has judged be put together.
    """

    def __init__(self, model: Any, names: dict[str, str]) -> None:
        self.model = model
        self.names = names

    def predict(self, X: Any) -> np.ndarray:
        """The name of each row's cluster."""
        return np.array([self.names.get(name, name) for name in self.model.predict(X)], dtype=object)

    def certainty(self, X: Any) -> np.ndarray | None:
        """See `certainty`."""
        return certainty(self.model, X)


def renamed(model: Any, labels: np.ndarray, X: Any) -> Relabelled:
    """A fitted clustering under the names that rows X have in another one."""
    return Relabelled(model, matching(model.predict(X), labels))


def matching(own: np.ndarray, others: np.ndarray) -> dict[str, str]:
    """For each name in one labelling of rows its name in another: the matching with the most rows in common (Kuhn 1955).

    A cluster too many for the other labelling takes a number that is free.
    """
    from scipy.optimize import linear_sum_assignment

    mine, codes = np.unique(own.astype(str), return_inverse=True)
    theirs, other_codes = np.unique(others.astype(str), return_inverse=True)
    shared = np.zeros((len(mine), len(theirs)))
    np.add.at(shared, (codes, other_codes), 1)
    rows, columns = linear_sum_assignment(-shared)
    names = {str(mine[i]): str(theirs[j]) for i, j in zip(rows, columns, strict=True)}
    free = (str(number) for number in range(1, len(mine) + len(theirs) + 1) if str(number) not in names.values())
    return names | {str(name): next(free) for name in mine if str(name) not in names}


def certainty(model: Any, X: Any) -> np.ndarray | None:
    """The probability of each row's cluster by a pipeline that ends in a `SizeOrdered`; `None` where it has none."""
    if isinstance(model, Relabelled):
        return model.certainty(X)
    return model[-1].certainty(model[:-1].transform(X))


def count(model: Any) -> int:
    """How many clusters an estimator makes."""
    return int(getattr(model, "n_clusters", None) or model.n_components)
