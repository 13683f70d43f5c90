"""EASE: a linear model of each item by all others, in closed form; with the features of items where it shall know of these."""

from typing import Any

import numpy as np
import polars as pl

from lifecycle.models.interactions import Interactions, Sparse, code
from lifecycle.models.item_neighbours import strongest
from lifecycle.models.recommender import Recommender


class Ease(Recommender):
    r"""$B = I - P \, \mathrm{diagMat}(1 / \mathrm{diag}(P))$ with $P = (X^T X + \lambda I)^{-1}$ (Steck 2019, "Embarrassingly shallow autoencoders").

    The inverse is dense: of more than `most` items the most popular ones are learnt, the others are recommended by popularity alone.

    Args:
        user, item: the names of the columns with their ids.
        penalty: the weight of the squared coefficients, $\lambda$.
        most: so many items are learnt.
        features: columns that say what an item is (texts with several values apart by `|`, Booleans, texts); empty: none.
        weight: of a feature beside a user who liked the item: features are further rows of $X$ (Jeunen, Van Balen and Goethals 2020).
    """

    def __init__(
        self, user: str = "", item: str = "", penalty: float = 200.0, most: int = 4_000, features: tuple[str, ...] = (), weight: float = 1.0
    ) -> None:
        super().__init__(user, item)
        self.penalty, self.most, self.features, self.weight = penalty, most, features, weight

    def learn(self, known: Interactions, X: pl.DataFrame) -> None:
        """Solve for the items that are learnt: `weights_`, shape (learnt, learnt), float32."""
        told = described(known, X, self.item, self.features) if self.features else None
        evidence = self.popular_ + (1e-9 * np.asarray((told > 0).sum(axis=0)).ravel() if told is not None else 0)
        order = np.argsort(-evidence, kind="stable")[: self.most]
        self.learnt_ = np.sort(order[evidence[order] > 0])
        self.place_ = np.full(len(known.items), -1)
        self.place_[self.learnt_] = np.arange(len(self.learnt_))
        self.weights_ = solved(gram(known.liked[:, self.learnt_], None if told is None else told[:, self.learnt_], self.weight), self.penalty)

    def scores(self, liked: Sparse) -> np.ndarray:
        """The sum of what each liked item says of each other one."""
        found = np.zeros(liked.shape, dtype=np.float32)
        if len(self.learnt_):
            found[:, self.learnt_] = liked[:, self.learnt_] @ self.weights_
        return found

    def because(self, liked: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """The one with the largest coefficient."""
        liked, where = liked[self.place_[liked] >= 0], self.place_[shown]
        if not len(liked):
            return np.full(len(shown), -1)
        weights = self.weights_[np.ix_(self.place_[liked], np.maximum(where, 0))]
        return np.where(where >= 0, strongest(weights, liked), -1)


def gram(liked: Sparse, told: "Any | None", weight: float) -> np.ndarray:
    """How many users liked both of two items, and what their features share; shape (items, items)."""
    found = (liked.T @ liked).toarray().astype(np.float32)
    return found if told is None else found + np.float32(weight) * (told.T @ told).toarray().astype(np.float32)


def solved(both: np.ndarray, penalty: float) -> np.ndarray:
    """The coefficients, with nothing on the diagonal."""
    from scipy.linalg import cho_factor, cho_solve

    if not len(both):
        return both
    both[np.diag_indices_from(both)] += np.float32(penalty)
    inverse = cho_solve(cho_factor(both, lower=True, overwrite_a=True, check_finite=False), np.eye(len(both), dtype=np.float32), check_finite=False)
    weights = np.ascontiguousarray(inverse / -np.diag(inverse))
    weights[np.diag_indices_from(weights)] = 0
    return weights


def described(known: Interactions, X: pl.DataFrame, item: str, features: tuple[str, ...]) -> Sparse:
    """What items are, shape (values, items): 1 over the root of an item's number of values, so that none counts for having many."""
    from scipy.sparse import csr_matrix, vstack

    last = X.select(item, *features).unique(item, keep="last", maintain_order=True)
    at = code(known.items, last[item])
    tables = []
    for name in features:
        values = last[name].cast(pl.String).fill_null("").str.split("|")
        long = pl.DataFrame({"at": at, "value": values}).explode("value").filter((pl.col("value") != "") & (pl.col("at") >= 0)).unique()
        names = long["value"].unique().sort()
        row = code(names, long["value"])
        column = long["at"].to_numpy()
        many = np.bincount(column, minlength=len(known.items))
        data = (1 / np.sqrt(many[column])).astype(np.float32)
        tables.append(csr_matrix((data, (row, column)), shape=(len(names), len(known.items))))
    return vstack(tables, format="csr")
