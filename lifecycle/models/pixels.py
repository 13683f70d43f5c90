"""Images as numbers for models that are no networks: points pooled to a coarse grid, turned to their main directions."""

from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin

from lifecycle.models import images

GRID = 12
"""A side of the coarse grid, in points."""
ROWS = 10_000
"""Images that directions are learnt from; more move them by little and cost memory."""
CHUNK = 4_096


class Pooled(TransformerMixin, BaseEstimator):
    """One column of images, as `lifecycle.images.image_points` gives them, as principal components of a coarse grid of their points.

    Args:
        components: how many, at most.
        seed: of the search for them.
    """

    def __init__(self, components: int = 48, seed: int = 0) -> None:
        self.components = components
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the directions in which images differ most (Turk and Pentland 1991, "Eigenfaces"), of at most 10,000 images."""
        from sklearn.decomposition import PCA

        cells = _cells(X)
        known = cells.drop_nulls()
        self.shape_ = images.shape(known[0]) if len(known) else (1, 1, 1)
        grid = self._grid(cells.gather_every(max(1, len(cells) // ROWS)))
        found = min(self.components, *grid.shape)
        self.pca_ = PCA(found, whiten=True, svd_solver="full" if grid.shape[1] <= 500 else "randomized", random_state=self.seed).fit(grid)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The components, shape (n, components)."""
        cells = _cells(X)
        chunks = [self.pca_.transform(self._grid(cells.slice(start, CHUNK))) for start in range(0, max(len(cells), 1), CHUNK) if len(cells)]
        return np.concatenate(chunks).astype(np.float64) if chunks else np.zeros((0, self.pca_.n_components_))

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        """Names for scikit-learn."""
        return np.array([f"component{at}" for at in range(self.pca_.n_components_)], dtype=object)

    def _grid(self, cells: pl.Series) -> np.ndarray:
        # in double precision: one image alone is answered as it is among others
        return pooled(images.points(cells, self.shape_), GRID).reshape(len(cells), -1).astype(np.float64)


def pooled(points: np.ndarray, side: int) -> np.ndarray:
    """Images of shape (n, height, width, channels) as means over a grid of `side` x `side` places, from 0 to 1."""
    _, height, width, _ = points.shape
    rows, columns = (np.unique(np.linspace(0, length, min(side, length) + 1).astype(int)) for length in (height, width))
    summed = np.add.reduceat(np.add.reduceat(points.astype(np.float32), rows[:-1], axis=1), columns[:-1], axis=2)
    return summed / (255.0 * np.outer(np.diff(rows), np.diff(columns))[None, :, :, None]).astype(np.float32)


def _cells(X: Any) -> pl.Series:
    return X.to_series(0) if isinstance(X, pl.DataFrame) else pl.Series(X, dtype=pl.Binary)
