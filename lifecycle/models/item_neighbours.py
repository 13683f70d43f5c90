"""Items that the same users liked: the nearest neighbours of each item."""

from typing import Any

import numpy as np
import polars as pl

from lifecycle.models.interactions import Interactions, Sparse
from lifecycle.models.recommender import Recommender

BLOCK = 2_000_000
"""Of so many similarities at a time the largest are kept."""


class ItemNeighbours(Recommender):
    """The similarity of two items is the cosine of who liked them, shrunk where few did (Sarwar et al. 2001; Bell and Koren 2007).

    Args:
        user, item: the names of the columns with their ids.
        neighbours: of each item so many are kept.
        shrink: is added to the product of the norms: a similarity that rests on few users counts less.
        most: of more items the most popular ones are learnt; the others are recommended by popularity alone.
    """

    def __init__(self, user: str = "", item: str = "", neighbours: int = 100, shrink: float = 10.0, most: int = 20_000) -> None:
        super().__init__(user, item)
        self.neighbours, self.shrink, self.most = neighbours, shrink, most

    def learn(self, known: Interactions, X: pl.DataFrame) -> None:
        """Keep each item's neighbours, as a sparse table of shape (items, items)."""
        from scipy.sparse import coo_matrix, csr_matrix

        order = np.argsort(-self.popular_, kind="stable")[: self.most]
        learnt = np.sort(order[self.popular_[order] > 0])
        liked = known.liked[:, learnt]
        by_item: Any = liked.T.tocsr()
        norm = np.sqrt(np.asarray(by_item.sum(axis=1), dtype=np.float32).ravel())
        width, whole = len(learnt), len(known.items)
        step = max(BLOCK // max(width, 1), 1)
        parts = [csr_matrix((whole, whole), dtype=np.float32)]
        for start in range(0, width, step):
            both = (by_item[start : start + step] @ liked).toarray()
            both[np.arange(both.shape[0]), start + np.arange(both.shape[0])] = 0
            both /= norm[start : start + step, None] * norm[None, :] + np.float32(self.shrink) + np.float32(1e-9)
            if self.neighbours < width:
                least = np.partition(both, width - self.neighbours, axis=1)[:, width - self.neighbours, None]
                both[both < least] = 0
            kept = coo_matrix(both)
            parts.append(csr_matrix((kept.data, (learnt[start + kept.row], learnt[kept.col])), shape=(whole, whole)))
        self.similar_ = sum(parts[1:], parts[0]).tocsr()

    def scores(self, liked: Sparse) -> np.ndarray:
        """The summed similarity to what was liked."""
        return (liked @ self.similar_).toarray().astype(np.float32, copy=False)

    def because(self, liked: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """The most similar one."""
        return strongest(self.similar_[liked][:, shown].toarray(), liked)


def strongest(weights: np.ndarray, liked: np.ndarray) -> np.ndarray:
    """Of weights of shape (liked, shown) the liked item with the largest for each shown one, -1 where none is above 0."""
    if not len(liked):
        return np.full(weights.shape[1], -1)
    at = weights.argmax(axis=0)
    return np.where(weights[at, np.arange(weights.shape[1])] > 0, liked[at], -1)
