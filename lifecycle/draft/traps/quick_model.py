"""A quick model: what boosted trees of little depth say of rows, learned from others, for a look at a table before anything is decided."""

import numpy as np
import polars as pl

ROUNDS, RATE, LEAVES, BINS = 50, 0.12, 15, 63


def numbers(values: pl.Series) -> np.ndarray:
    """A column as the model reads it, floats with NaN for what is missing; names by their alphabet."""
    given = values.rank("dense") if values.dtype == pl.String else values.to_physical()
    return given.cast(pl.Float64).fill_null(np.nan).to_numpy()


def guessed(known: np.ndarray, truth: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """What the model says of rows.

    Args:
        known: inputs of the rows to learn from, shape (n, m); NaN is missing.
        truth: their targets, shape (n, outputs).
        asked: inputs of the rows to tell, shape (k, m).

    Returns:
        The guesses, shape (k, outputs).
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    says = np.isfinite(known).any(axis=0)  # of a column without any value no bins can be made
    if not says.any():
        return np.tile(truth.mean(axis=0), (len(asked), 1))
    said = np.empty((len(asked), truth.shape[1]))
    with threadpool_limits(1):  # threads that wait for each other cost more than they bring on so few rows
        for output in range(truth.shape[1]):
            model = HistGradientBoostingRegressor(max_iter=ROUNDS, learning_rate=RATE, max_leaf_nodes=LEAVES, max_bins=BINS, random_state=7)
            said[:, output] = model.fit(known[:, says], truth[:, output]).predict(asked[:, says])
    return said
