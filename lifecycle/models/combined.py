"""Models made of fitted models. It subclasses scikit-learn: import it only where a model is built or loaded."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator


class Averaged(BaseEstimator):
    """The weighted mean of what fitted models of different families say: of their probabilities, or of their numbers.

    Args:
        models: fitted on the same rows, so that they know the same classes.
        weights: one for each, positive, adding up to 1.
    """

    def __init__(self, models: Sequence[Any], weights: Sequence[float]) -> None:
        self.models = models
        self.weights = weights

    @property
    def classes_(self) -> np.ndarray:
        """The classes, in the order of the probabilities' columns."""
        return self.models[0].classes_

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Its parameters; `deep` with those of its parts, under their numbers."""
        own = super().get_params(deep=False)
        parts = {f"{i}__{name}": value for i, model in enumerate(self.models) for name, value in model.get_params().items()} if deep else {}
        return {**own, **parts}

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: pl.DataFrame, y: Any) -> Self:
        """Fit every model anew, keeping the weights."""
        for model in self.models:
            model.fit(X, y)
        return self

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, classes)."""
        return np.tensordot(self.weights, np.stack([model.predict_proba(X) for model in self.models]), 1)

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The numbers, or the likeliest class."""
        if hasattr(self.models[0], "predict_proba"):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return np.tensordot(self.weights, np.stack([model.predict(X) for model in self.models]), 1)


class LogTarget(BaseEstimator):
    """A regressor of `log(1 + y)`, answering in units of y; `y` is not negative.

    Args:
        model: the regressor, fitted or not.
        mean: whether the answer is to be right on average, and not in the middle: what is right on average on the log scale
            is too low on the scale itself, by a factor that the training rows show (a ratio form of Duan's smearing, 1983).
    """

    def __init__(self, model: Any, mean: bool = True) -> None:
        self.model = model
        self.mean = mean

    def fit(self, X: pl.DataFrame, y: np.ndarray) -> Self:
        """Fit the model on the logarithms."""
        self.model.fit(X, np.log1p(y))
        self.most_ = float(1.5 * y.max())  # beyond the largest ever seen an exponential answers anything
        self.factor_ = 1.0
        if self.mean:
            self.factor_ = float((y + 1).mean() / np.exp(np.clip(self.model.predict(X), 0, np.log1p(self.most_))).mean())
        return self

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The numbers."""
        return np.clip(np.exp(np.clip(self.model.predict(X), 0, np.log1p(self.most_))) * self.factor_ - 1, 0, self.most_)
