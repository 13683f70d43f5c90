"""The number that is best for a metric where nothing is known but the target. It subclasses scikit-learn, so import it only where a model is built or loaded."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class BlindNumber(RegressorMixin, BaseEstimator):
    """Predicts one number for every row: that which gives the training rows the best of a metric.

    The mean for squared errors; the median for absolute ones; for `mape` the median weighted by 1 / |y|, since small truths count most; for
    `median_ae` the middle of the shortest interval that holds half of the values (Rousseeuw 1984, least median of squares).
    """

    def __init__(self, metric: str = "rmse") -> None:
        self.metric = metric

    def fit(self, X: Any, y: np.ndarray) -> Self:
        """Learn the number."""
        values = np.sort(np.asarray(y, dtype=np.float64))
        if self.metric == "mae":
            self.number_ = float(np.median(values))
        elif self.metric == "mape":
            total = np.cumsum(1 / np.maximum(np.abs(values), np.finfo(np.float64).eps))
            self.number_ = float(values[np.searchsorted(total, total[-1] / 2)])
        elif self.metric == "median_ae":
            half = len(values) // 2
            start = int(np.argmin(values[half:] - values[: len(values) - half]))
            self.number_ = float(values[start] + values[start + half]) / 2
        else:
            self.number_ = float(values.mean())
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The number, length n."""
        return np.full(len(X), self.number_)
