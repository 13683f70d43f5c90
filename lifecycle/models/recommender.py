"""The contract of estimators that recommend: fitted on events, asked for histories, answered with items.

A model is a function of a history: what a user liked, and what is not to be shown again. It keeps the histories of the users that it was
fitted on, so that a user can be asked for by id; a history that has grown since is given in their place, and moves the answer at once.
"""

import copy

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator

from lifecycle.models.interactions import Histories, Interactions, Sparse

CELLS = 4_000_000
"""Of so many scores at a time the best are looked for."""
TIES = 1e-6
"""The weight of popularity beside a score: it decides between items of which a model says the same, and for users without a history."""


class Recommender(BaseEstimator):
    """Recommends what most users liked. Others derive from it and say `learn` and `scores`.

    Args:
        user, item: the names of the columns with their ids.
    """

    def __init__(self, user: str = "", item: str = "") -> None:
        self.user, self.item = user, item

    def fit(self, X: pl.DataFrame, y: np.ndarray) -> "Recommender":
        """Learn from events, n rows; `y`, length n, has a field `relevance`: above 0 where the event was liked, below 0 where it is none.

        What is no event only says that an item is there, and what its features are.
        """
        event = y["relevance"] >= 0
        users, items = X[self.user].filter(event), X[self.item].filter(event)
        self.known_ = Interactions.of(users, items, y["relevance"][event] > 0, X[self.item].filter(~event))
        self.weigh(self.known_)
        self.learn(self.known_, X)
        return self

    def weigh(self, known: Interactions) -> None:
        """Count by how many users each item was liked, and had."""
        users = max(len(known.users), 1)
        self.popular_ = np.asarray(known.liked.sum(axis=0), dtype=np.float32).ravel() / users
        self.had_ = np.asarray(known.seen.sum(axis=0), dtype=np.float64).ravel() / users

    def learn(self, known: Interactions, X: pl.DataFrame) -> None:
        """Fit what is beyond popularity."""

    def scores(self, liked: Sparse) -> "np.ndarray | None":
        """How well each item fits histories, shape (n, items), float32; `None` where histories decide nothing."""
        return None

    def because(self, liked: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """For each shown item the liked one that speaks for it most, length k, as codes; -1 where none does."""
        return np.full(len(shown), -1)

    def recommend(self, histories: Histories, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The best items for each history but those that were seen, as codes of shape (n, k), -1 where there is none left; and their scores."""
        width = len(self.known_.items)
        items = np.full((len(histories), k), -1, dtype=np.int64)
        found = np.zeros((len(histories), k), dtype=np.float32)
        most = min(k, width)
        step = max(CELLS // max(width, 1), 1)
        for start in range(0, len(histories) if most else 0, step):
            liked, seen = histories.liked[start : start + step], histories.seen[start : start + step]
            said = self.scores(liked)
            said = np.zeros((liked.shape[0], width), dtype=np.float32) if said is None else said
            said += self.popular_ * np.float32(TIES if said.any() else 1)
            said[np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr)), seen.indices] = -np.inf
            top = np.argpartition(-said, most - 1, axis=1)[:, :most] if most < width else np.tile(np.arange(width), (len(said), 1))
            top.sort(axis=1)  # of equal scores that with the smaller code comes first, whoever is asked beside
            values = np.take_along_axis(said, top, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            values, top = np.take_along_axis(values, order, axis=1), np.take_along_axis(top, order, axis=1)
            gone = ~np.isfinite(values)
            top[gone], values[gone] = -1, 0
            items[start : start + step, :most], found[start : start + step, :most] = top, values
        return items, found

    def informed(self, other: "Recommender") -> "Recommender":
        """The same model with the users' histories as another one knows them."""
        made = copy.copy(self)
        made.known_ = self.known_.with_history(other.known_)
        return made
