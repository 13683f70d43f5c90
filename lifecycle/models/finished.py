"""What finished models have in common. It subclasses scikit-learn: import it only where a model is built or loaded."""

from typing import Any, Self

import polars as pl
from sklearn.base import BaseEstimator


class Finished(BaseEstimator):
    """A fitted estimator, `model`, with what was found on rows that it had not seen: fitted anew, it keeps that."""

    model: Any

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: pl.DataFrame, y: Any) -> Self:
        """Fit the model anew, keeping what it is finished with."""
        self.model.fit(X, y)
        return self
