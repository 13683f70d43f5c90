"""Rows as points: columns of any type as coordinates in which distance means unlikeness. It loads scikit-learn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin, clone

from lifecycle.dataset import Rows
from lifecycle.models.blueprint import blueprint
from lifecycle.models.estimators import LONG_TAIL, positive, typical_distance
from lifecycle.models.matrix import matrix_of

if TYPE_CHECKING:
    from lifecycle.models.blueprint import Blueprint
    from lifecycle.usecase import UseCase

MAX_FIT_ROWS = 100_000
MAX_CATEGORIES = 30
"""So many values of a category have a coordinate of their own; the others share one."""


class ClusterEmbedding(TransformerMixin, BaseEstimator):
    """Columns as coordinates: numbers standardised, categories as corners one unit apart, texts by their topics.

    A missing number becomes the median. A long-tailed column is taken on asinh of its robust score, which is logarithmic
    in the tails, and what lies beyond the central 99.8 % is clipped: a row is not a group of its own because of one value.

    Args:
        encoders: unfitted transformers of the columns whose role reads them, such as free texts.
    """

    def __init__(self, encoders: Sequence[tuple[str, Any]] = ()) -> None:
        self.encoders = encoders

    def fit(self, X: pl.DataFrame, y: Any = None) -> Self:
        """Learn scales, frequent values and topics; of very long frames from evenly spaced rows."""
        some = X[:: max(1, X.height // MAX_FIT_ROWS)]
        own = dict(self.encoders)
        self.categories_ = {name: _frequent(some[name]) for name, dtype in X.schema.items() if dtype == pl.String and name not in own}
        self.numbers_ = [name for name, dtype in X.schema.items() if dtype != pl.String and name not in own]
        matrix = matrix_of(some.select(self.numbers_))
        matrix = np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)
        self.encoded_ = {name: _fitted(encoder, some.select(name)) for name, encoder in own.items() if name in X.columns}
        self.median_ = np.nanmedian(matrix, axis=0) if self.numbers_ else np.zeros(0)
        matrix = np.where(np.isnan(matrix), self.median_, matrix)
        lowest, lower, upper, highest = np.quantile(matrix, [0.001, 0.25, 0.75, 0.999], axis=0)
        spread = (upper - lower) / 1.349
        self.robust_ = np.where(spread > 0, spread, typical_distance(matrix, self.median_))
        self.tails_ = highest - lowest > LONG_TAIL * self.robust_
        matrix = self._bent(matrix)
        self.low_, self.high_ = np.quantile(matrix, [0.001, 0.999], axis=0)
        matrix = np.clip(matrix, self.low_, self.high_)
        self.mean_, self.scale_ = matrix.mean(axis=0), positive(matrix.std(axis=0))
        return self

    def transform(self, X: pl.DataFrame) -> np.ndarray:
        """The points, shape (n, coordinates)."""
        matrix = matrix_of(X.select(self.numbers_))
        matrix = self._bent(np.where(np.isnan(matrix), self.median_, matrix))
        blocks = [(np.clip(matrix, self.low_, self.high_) - self.mean_) / self.scale_]
        for name, values in self.categories_.items():
            codes = X[name].replace_strict(values, range(len(values)), default=len(values), return_dtype=pl.Int64).to_numpy()
            blocks.append(np.eye(len(values) + 1)[codes] / np.sqrt(2))
        blocks += [encoder.transform(X.select(name)) / scale for name, (encoder, scale) in self.encoded_.items()]
        return np.hstack(blocks)

    def _bent(self, matrix: np.ndarray) -> np.ndarray:
        return np.where(self.tails_, np.arcsinh((matrix - self.median_) / self.robust_), matrix)


def space(plan: "Blueprint") -> ClusterEmbedding:
    """The unfitted space of inputs like these."""
    return ClusterEmbedding([(name, role.coordinates(plan.kind, plan.seed)) for name, role in plan.encoded])


def reference_space(use_case: "UseCase", train: pl.DataFrame) -> ClusterEmbedding:
    """The space in which clusterings are judged, whatever space they were made in: fitted on training inputs alone."""
    plan = blueprint(use_case, train)
    return space(plan).fit(train)


def embed(space: ClusterEmbedding, rows: Rows) -> Rows:
    """The same rows with their places in a space as `y`: what a clustering is judged against."""
    return Rows(rows.X, space.transform(rows.X), rows.info)


def shuffled(space: ClusterEmbedding, rows: Rows, seed: int) -> Rows:
    """Rows with each column shuffled by itself: the same columns, and nothing that goes together any more."""
    random = np.random.default_rng(seed)
    X = rows.X.select(rows.X[name][random.permutation(len(rows))] for name in rows.X.columns)
    return embed(space, Rows(X, rows.y, rows.info))


def _fitted(encoder: Any, some: pl.DataFrame) -> tuple[Any, np.ndarray]:
    """A fitted transformer, and the scales of what it gives."""
    made: Any = clone(encoder)
    return made, positive(made.fit_transform(some).std(axis=0))


def _frequent(column: pl.Series) -> list[str]:
    counts = column.drop_nulls().value_counts().sort(["count", column.name], descending=[True, False])
    return counts[column.name].head(MAX_CATEGORIES).to_list()
