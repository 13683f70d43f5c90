"""What is watched of inputs that are read as vectors: near which of the reference's centres they lie, and how far from it.

A mixture that changes (more complaints about the screen) moves the shares of the centres; something new is far from all of them. Both
are columns like any other: their cells, their limits and their pairs with other columns are found in the same way.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

CENTRES = 8
READ = 20_000
"""Rows that centres are found from."""
ROWS_PER_CENTRE = 25
"""With fewer rows there are fewer centres."""
CHUNK = 20_000
"""So many vectors stand in memory at a time."""
Vectors = Callable[[pl.Series], np.ndarray]
"""Inputs as vectors, of shape (n, width)."""


def fit(vectors: Vectors, inputs: pl.Series, seed: int) -> dict[str, tuple[dict[str, Any], pl.Series]]:
    """The views by name, as a profile keeps them, and their values.

    Distances of every second row are to the centres of the others, for a row is nearer to a centre that it is part of.
    """
    even = pl.int_range(len(inputs), eager=True) % 2 == 0
    centres = [_centres(vectors, inputs.filter(half), seed) for half in (even, ~even)]
    views: list[dict[str, Any]] = [{"view": "distance", "around": each} for each in centres]
    topic = {"view": "centre", "around": centres[0]}
    distances = [read(each, vectors, inputs) for each in views]
    return {"topic": (topic, read(topic, vectors, inputs)), "distance to its topic": (views[0], distances[1].zip_with(even, distances[0]))}


def read(view: Mapping[str, Any], vectors: Vectors, inputs: pl.Series) -> pl.Series:
    """A view of other inputs: the number of the nearest centre as text, or the squared distance from it; null where there is no input."""
    centres = np.asarray(view["around"], dtype=np.float64)
    found = []
    for start in range(0, len(inputs), CHUNK):
        points = vectors(inputs.slice(start, CHUNK))
        squares = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
        found.append(squares.argmin(axis=1) + 1 if view["view"] == "centre" else squares.min(axis=1).clip(min=0).round(4))
    values = np.concatenate(found) if found else np.zeros(0)
    said = pl.Series(values.astype(str), dtype=pl.String) if view["view"] == "centre" else pl.Series(values, dtype=pl.Float64)
    return said.zip_with(inputs.is_not_null(), pl.repeat(None, len(inputs), dtype=said.dtype, eager=True))


def _centres(vectors: Vectors, inputs: pl.Series, seed: int) -> list[list[float]]:
    """The centres of some rows, the commonest first, to four digits."""
    from sklearn.cluster import KMeans

    some = vectors(inputs.head(READ))
    if not len(some):
        return [[0.0]]
    number = max(1, min(CENTRES, len(some) // ROWS_PER_CENTRE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fewer different inputs than centres
        found: Any = KMeans(**{"n_clusters": number, "n_init": 2, "random_state": seed}).fit(some)
    order = np.argsort(-np.bincount(found.labels_, minlength=number), kind="stable")
    return found.cluster_centers_[order].astype(np.float64).round(4).tolist()
