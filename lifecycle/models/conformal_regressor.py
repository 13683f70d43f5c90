"""A regressor with intervals. It subclasses scikit-learn: import it only where a model is built or loaded."""

from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, RegressorMixin

from lifecycle.models.conformal import PredictionIntervals


class ConformalRegressor(RegressorMixin, BaseEstimator):
    """A fitted regressor that says what it said, with the prediction intervals of its answers beside it.

    Args:
        model: the fitted regressor.
        conformal: its intervals.
    """

    def __init__(self, model: Any, conformal: PredictionIntervals) -> None:
        self.model = model
        self.conformal = conformal

    @property
    def conformal_(self) -> PredictionIntervals:
        """What is added to an answer for the ends of its interval."""
        return self.conformal

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: pl.DataFrame, y: Any) -> Self:
        """Fit the model anew, keeping the intervals."""
        self.model.fit(X, y)
        return self

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The numbers."""
        return self.model.predict(X)
