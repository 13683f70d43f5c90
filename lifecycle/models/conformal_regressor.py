"""A regressor with intervals. It subclasses scikit-learn: import it only where a model is built or loaded."""

from typing import Any

import numpy as np
import polars as pl
from sklearn.base import RegressorMixin

from lifecycle.models.conformal import PredictionIntervals
from lifecycle.models.finished import Finished


class ConformalRegressor(RegressorMixin, Finished):
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

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The numbers."""
        return self.model.predict(X)
