"""Clumps of points: each near a few others and far from all the rest, much more clearly than chance makes them."""

from dataclasses import dataclass

import numpy as np

ASKED, NEIGHBOURS = 2_000, 41
"""Points whose neighbours are looked at, and how many of these."""
GAP = 2.0
"""How many times as far the first stranger must be as the last of the clump."""
OFTEN, OFTEN_PAIRS = 0.6, 0.8
"""The share of points in clumps of three and more, and in such with pairs. Of points spread evenly along a line a half seem to be the former."""
GAP_OF_PAIRS = 4.0
LEAST = 20
"""Clumps that there must be."""

LANDMARKS, LEAST_LANDMARKS, TRIES, PARTED = 40, 12, 40, 0.05
"""Points that stand for several clumps each, at most and at least; how often they are sought, and the share of clumps that they may part."""


@dataclass(frozen=True)
class Clumps:
    """What is known of the clumps.

    Attributes:
        share: of points that are in one.
        sizes: the number of points in the clump of each that was asked.
        gap: how many times as far the first stranger is as the last of the clump, the median.
        members: of some clumps the places of their points.
        reach: a distance that holds a clump together and reaches no stranger, the median.
    """

    share: float
    sizes: np.ndarray
    gap: float
    members: list[np.ndarray]
    reach: float


def find(values: np.ndarray) -> Clumps | None:
    """The clumps among points of shape (n, dimensions); nothing where there are no more than chance makes."""
    from scipy.spatial import KDTree

    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    _, first = np.unique(values[known], axis=0, return_index=True)  # what is equal is no clump, but one point
    known = known[np.sort(first)]
    if len(known) < 3 * LEAST:
        return None
    points = _ranks(values[known])
    asked = np.random.default_rng(5).permutation(len(points))[:ASKED]
    distances, places = map(np.asarray, KDTree(points).query(points[asked], k=min(NEIGHBOURS + 1, len(points))))
    distances = np.maximum(distances[:, 1:], 1e-9)
    ratios = distances[:, 1:] / distances[:, :-1]
    last = ratios.argmax(axis=1)
    gaps = ratios.max(axis=1)
    inside = np.where(last == 0, gaps >= GAP_OF_PAIRS, gaps >= GAP)
    several = (inside & (last > 0)).mean()
    if (several < OFTEN and inside.mean() < OFTEN_PAIRS) or len(points) / (np.median(last[inside]) + 2) < LEAST:
        return None
    chosen = np.flatnonzero(inside)
    members = [known[places[row, : last[row] + 2]] for row in chosen]
    reach = np.median(np.sqrt(distances[chosen, last[chosen]] * distances[chosen, last[chosen] + 1]))
    return Clumps(float(inside.mean()), last[inside] + 2, float(np.median(gaps[inside])), members, float(reach))


def landmarks(values: np.ndarray, members: list[np.ndarray]) -> tuple[np.ndarray, float] | None:
    """A few points, each the nearest to all of one clump, of shape (points, dimensions), and the share of clumps of which this is not so.

    The clumps themselves are clustered (k-means), several times, and the clustering that parts the fewest is taken.
    """
    from scipy.cluster.vq import kmeans2
    from scipy.spatial import KDTree

    whole = list({min(each): each for each in members}.values())
    centres = np.stack([values[each].mean(axis=0) for each in whole])
    count = min(LANDMARKS, len(whole) // 4)
    if count < LEAST_LANDMARKS:
        return None
    parted, best = 1.0, centres
    for seed in range(TRIES):
        points = np.round(kmeans2(centres, count, minit="++", rng=np.random.default_rng(seed))[0], 3)
        nearest = np.asarray(KDTree(points).query(values)[1])
        share = float(np.mean([np.ptp(nearest[each]) > 0 for each in whole]))
        if share < parted:
            parted, best = share, points
    return (best, parted) if parted <= PARTED else None


def _ranks(values: np.ndarray) -> np.ndarray:
    """Every column as its share of the rows below, so that none outweighs another and no tail matters."""
    from scipy.stats import rankdata

    return rankdata(values, axis=0) / len(values)
