"""Parts of models that scikit-learn lacks. It subclasses scikit-learn, so import it only where a model is built or loaded."""

import warnings
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from lifecycle.models.conformal import PredictionSets
from lifecycle.models.finished import Finished
from lifecycle.models.matrix import matrix_of

QUANTILE_ROWS = 100_000  # quantiles of more rows cost seconds and move nothing
TINY = 1e-6
LONG_TAIL = 12.0  # the span of the central 99.8 % in robust standard deviations; 6.2 for a normal distribution


class Floats(TransformerMixin, BaseEstimator):
    """Numeric and Boolean columns as a float matrix of shape (n, columns): missing and infinite values as NaN.

    A column without any value in training is constantly zero: tree models cannot bin nothing.
    """

    def fit(self, X: pl.DataFrame, y: Any = None) -> Self:
        """Learn which columns are empty."""
        self.empty_ = np.isnan(matrix_of(X)).all(axis=0)
        return self

    def transform(self, X: pl.DataFrame) -> np.ndarray:
        """The matrix."""
        matrix = matrix_of(X)
        if self.empty_.any():
            matrix = np.where(self.empty_, 0.0, matrix)
        return matrix


class Scaled(TransformerMixin, BaseEstimator):
    """Numeric and Boolean columns for a linear model: imputed, clipped and standardised.

    A missing or infinite value becomes the median, with an indicator where training had some. A value beyond the central
    99.8 % of training is clipped, so that one absurd row cannot give an absurd prediction. A long-tailed column is also
    given as asinh of its robust score, which is linear near the median and logarithmic in the tails.
    """

    def fit(self, X: pl.DataFrame, y: Any = None) -> Self:
        """Learn medians, scales and limits; of very long frames from evenly spaced rows."""
        matrix = matrix_of(X)
        missing = np.isnan(matrix)
        self.missing_ = np.flatnonzero(missing.any(axis=0))
        matrix = np.where(missing.all(axis=0), 0.0, matrix)[:: max(1, len(matrix) // QUANTILE_ROWS)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the sample may have met no value of a nearly empty column
            self.median_ = np.nan_to_num(np.nanmedian(matrix, axis=0))
        matrix = np.where(np.isnan(matrix), self.median_, matrix)
        self.low_, lower, upper, self.high_ = np.quantile(matrix, [0.001, 0.25, 0.75, 0.999], axis=0)
        clipped = np.clip(matrix, self.low_, self.high_)
        self.mean_, self.scale_ = clipped.mean(axis=0), positive(clipped.std(axis=0))
        spread = (upper - lower) / 1.349
        self.robust_ = np.where(spread > 0, spread, typical_distance(matrix, self.median_))
        self.tails_ = np.flatnonzero(self.high_ - self.low_ > LONG_TAIL * self.robust_)
        return self

    def transform(self, X: pl.DataFrame) -> np.ndarray:
        """The matrix: one column for each given, then the tails, then the indicators."""
        matrix = matrix_of(X)
        missing = np.isnan(matrix)
        matrix = np.where(missing, self.median_, matrix)
        blocks = [(np.clip(matrix, self.low_, self.high_) - self.mean_) / self.scale_]
        if len(self.tails_):
            blocks.append(np.arcsinh((matrix - self.median_) / self.robust_)[:, self.tails_])
        if len(self.missing_):
            blocks.append(missing[:, self.missing_].astype(np.float64))
        return np.hstack(blocks) if len(blocks) > 1 else blocks[0]


class Standardised(TransformerMixin, BaseEstimator):
    """Numeric and Boolean columns for the plain linear baseline: imputed and standardised, nothing else.

    A missing or infinite value becomes the median, with an indicator where training had some.
    """

    def fit(self, X: pl.DataFrame, y: Any = None) -> Self:
        """Learn medians, means and scales."""
        matrix = matrix_of(X)
        missing = np.isnan(matrix)
        self.missing_ = np.flatnonzero(missing.any(axis=0))
        self.median_ = np.nanmedian(np.where(missing.all(axis=0), 0.0, matrix), axis=0)
        matrix = np.where(missing, self.median_, matrix)
        self.mean_, self.scale_ = matrix.mean(axis=0), positive(matrix.std(axis=0))
        return self

    def transform(self, X: pl.DataFrame) -> np.ndarray:
        """The matrix: one column for each given, then the indicators."""
        matrix = matrix_of(X)
        missing = np.isnan(matrix)
        scaled = (np.where(missing, self.median_, matrix) - self.mean_) / self.scale_
        return np.hstack([scaled, missing[:, self.missing_].astype(np.float64)]) if len(self.missing_) else scaled


class Calibrated(ClassifierMixin, Finished):
    """A fitted classifier whose probabilities are corrected on their logits, and whose threshold is chosen.

    `probability = softmax(slope * log(p) + intercept)`: Platt's sigmoid for two classes, temperature scaling (with
    `intercept` 0) for more.

    Attributes:
        threshold_: from which probability of class 1 on a row of a binary problem is predicted to be 1.
        conformal_: the sets of classes that hold the truth as often as stated; `None` of a model that was made before there were any.
    """

    conformal: PredictionSets | None = None  # a model that was kept before has none

    def __init__(
        self, model: Any, slope: float = 1.0, intercept: float = 0.0, threshold: float = 0.5, conformal: PredictionSets | None = None
    ) -> None:
        self.model = model
        self.slope = slope
        self.intercept = intercept
        self.threshold = threshold
        self.conformal = conformal

    @property
    def classes_(self) -> np.ndarray:
        """The classes, in the order of the probabilities' columns."""
        return self.model.classes_

    @property
    def threshold_(self) -> float:
        """The probability from which class 1 is predicted."""
        return self.threshold

    @property
    def conformal_(self) -> PredictionSets | None:
        """From which probability on a class belongs to the set of a row."""
        return self.conformal

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, classes)."""
        return corrected(self.model.predict_proba(X), self.slope, self.intercept)

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The likeliest class; of two, class 1 from the threshold on."""
        probabilities = self.predict_proba(X)
        if len(self.classes_) == 2:
            return self.classes_[(probabilities[:, 1] >= self.threshold).astype(int)]
        return self.classes_[probabilities.argmax(axis=1)]


def corrected(probabilities: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Probabilities of shape (n, classes) after `softmax(slope * log(p) + intercept)`; the intercept is the last class's."""
    if slope == 1.0 and intercept == 0.0:
        return probabilities
    scores = slope * np.log(np.clip(probabilities, TINY, None))
    scores[:, -1] += intercept
    scores -= scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    return weights / weights.sum(axis=1, keepdims=True)


def positive(scale: np.ndarray) -> np.ndarray:
    """Scales to divide by: 1 where there is none."""
    return np.where(scale > 0, scale, 1.0)


def typical_distance(matrix: np.ndarray, median: np.ndarray) -> np.ndarray:
    """The median distance from the median of those values that are not the median; 1 where there are none."""
    distances = [np.abs(column - middle) for column, middle in zip(matrix.T, median, strict=True)]
    return np.array([np.median(away) if len(away := distance[distance > 0]) else 1.0 for distance in distances])
