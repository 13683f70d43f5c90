"""Numbers as models take them."""

from typing import Any

import numpy as np
import polars as pl

LARGEST_FLOAT = 3e38
"""Forests count in single precision: what is beyond it is as good as infinite."""


def matrix_of(X: Any) -> np.ndarray:
    """Numeric and Boolean columns as a float matrix of shape (n, columns), with NaN for what is missing or infinite."""
    if isinstance(X, pl.DataFrame):
        X = X.select(pl.all().cast(pl.Float64)).to_numpy()
    return finite(np.asarray(X, dtype=np.float64))


def finite(matrix: np.ndarray) -> np.ndarray:
    """The matrix with NaN for what is missing or infinite."""
    there = np.abs(matrix) <= LARGEST_FLOAT  # False for NaN
    return matrix if there.all() else np.where(there, matrix, np.nan)
