"""What a clustering is worth: how close rows are to their own cluster, and how far from the others.

The metrics are scikit-learn's. The "truth" that a clustering is judged against is where the rows lie in one common space.
"""

import numpy as np
import polars as pl

from lifecycle.evaluation.statistics import Statistic, Sums, Values

SILHOUETTE_ROWS = 2_000
"""The silhouette of so many evenly spaced rows stands for that of all: it needs every distance between two of them."""
CELLS = 10_000_000
SMALLEST = 0.01
"""The share of the rows that a cluster must hold in a search: less is a few odd rows, and no group."""


def statistics(y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> list[Statistic]:
    """The statistics that give the metrics of a clustering.

    Args:
        y: where the rows lie, shape (n, coordinates).
        predictions: with the cluster of each row as `prediction`.
        weight: how often each row counts; the statistics are weighted later.
        wanted: names of metrics.
    """
    labels = np.unique(predictions["prediction"].to_numpy().astype(str), return_inverse=True)[1]
    found: list[Statistic] = []
    if "silhouette" in wanted:
        silhouette = silhouettes(y, labels)
        known = np.isfinite(silhouette)
        found.append(Sums(np.stack([known, np.where(known, silhouette, 0.0)], axis=1).astype(np.float64), _mean))
    if wanted - {"silhouette"}:
        found.append(_geometry(y, labels))
    return found


def silhouettes(y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The silhouette of each row (Rousseeuw 1987), length n; of more than 2,000 rows, of evenly spaced ones, NaN for the others.

    A resampling weights these values, and keeps the distances that they were made from. All NaN where there is one cluster.
    """
    from sklearn.metrics import silhouette_samples

    found = np.full(len(y), np.nan)
    some = spaced(len(y), SILHOUETTE_ROWS)
    different = len(np.unique(labels[some]))
    if 2 <= different < len(some):
        found[some] = silhouette_samples(y[some], labels[some])
    return found


def spaced(rows: int, most: int) -> np.ndarray:
    """The positions of at most so many evenly spaced rows."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.int64)


def too_small(labels: np.ndarray) -> bool:
    """Whether a cluster holds so few rows that it is no group."""
    return bool(np.unique(labels, return_counts=True)[1].min() < SMALLEST * len(labels))


def stability(labels: list[np.ndarray]) -> tuple[float, float, float]:
    """How much clusterings of resampled rows agree: the mean adjusted Rand index of every two (Hubert and Arabie 1985).

    Args:
        labels: of the same rows, by models of different resamples.

    Returns:
        The mean and its 95 % interval, by the jackknife over resamples.
    """
    from scipy.special import stdtrit
    from sklearn.metrics import adjusted_rand_score

    many = len(labels)
    agreement = np.array([[adjusted_rand_score(one, other) for other in labels] for one in labels])
    total = (agreement.sum() - np.trace(agreement)) / 2
    mean = total / (many * (many - 1) / 2)
    left_out = (total - (agreement.sum(axis=1) - 1)) / ((many - 1) * (many - 2) / 2)
    error = np.sqrt((many - 1) / many * ((left_out - left_out.mean()) ** 2).sum())
    half = float(stdtrit(many - 1, 0.975) * error)
    return float(mean), float(max(mean - half, -1.0)), float(min(mean + half, 1.0))


def _mean(sums: np.ndarray) -> Values:
    return {"silhouette": sums[1] / sums[0]}


def _geometry(y: np.ndarray, labels: np.ndarray) -> Sums:
    """`davies_bouldin` and `calinski_harabasz` from sums within clusters; distances are to the centres of the rows as they are."""
    count, width = int(labels.max()) + 1, y.shape[1]
    some = np.zeros(len(y), dtype=bool)
    some[spaced(len(y), max(CELLS // (count * (width + 3)), SILHOUETTE_ROWS))] = True
    inside = np.eye(count)[labels] * some[:, None]
    sizes = np.maximum(inside.sum(axis=0), 1)
    centres = inside.T @ y / sizes[:, None]
    away = np.linalg.norm(y - centres[labels], axis=1)
    square = (y**2).sum(axis=1)
    places = (inside[:, :, None] * y[:, None, :]).reshape(len(y), count * width)
    terms = np.hstack([inside, inside * away[:, None], inside * square[:, None], places])
    return Sums(terms, lambda sums: _finish(sums, count, width))


def _finish(sums: np.ndarray, count: int, width: int) -> Values:
    rows, away, square = sums[:count], sums[count : 2 * count], sums[2 * count : 3 * count]
    places = sums[3 * count :].reshape(count, width, -1)
    there = rows > 0
    many, total = there.sum(axis=0), rows.sum(axis=0)
    centre = places / rows[:, None, :]
    middle = places.sum(axis=0) / total
    within = np.where(there, square - (places**2).sum(axis=1) / rows, 0.0).sum(axis=0)
    between = np.where(there, rows * ((centre - middle) ** 2).sum(axis=1), 0.0).sum(axis=0)
    spread = away / rows
    distance = np.linalg.norm(centre[:, None] - centre[None, :], axis=2)
    ratio = (spread[:, None] + spread[None, :]) / distance
    ratio[np.arange(count), np.arange(count)] = np.nan
    worst = np.where(np.isnan(ratio), -np.inf, ratio).max(axis=1)
    mean = np.where(there, worst, 0.0).sum(axis=0) / many
    defined = (many >= 2) & (total > many)
    return {
        "davies_bouldin": np.where(defined & np.isfinite(mean), mean, np.nan),
        "calinski_harabasz": np.where(defined & (within > 0), between / (many - 1) / (within / (total - many)), np.nan),
    }
