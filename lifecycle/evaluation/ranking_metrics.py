r"""Metrics of lists of items, user by user: how much of what a user liked afterwards was in the list, and how far up.

A row is an event that came after; what is measured is measured for each user, and then averaged over users, so that nobody counts more for having
had more. What a user had before is not shown, and does not count when it comes again. Only users who liked something afterwards count. With the list $i_1, ..., i_k$ and the liked items $L$ that were not in the history:

- $\mathrm{ndcg@k} = \sum_{r \le k, i_r \in L} \frac{1}{\log_2(r + 1)} \big/ \sum_{r \le \min(k, |L|)} \frac{1}{\log_2(r + 1)}$
  (Jarvelin and Kekalainen 2002, with binary gains)
- recall@k: the share of $L$ in the list
- map@k: the mean of the precision at each hit, over $\min(k, |L|)$
- recall_micro@k: the share of liked events whose item was in the list: what can be counted event by event, also live
- novelty: the mean of $-\log_2$ of the share of users who had an item, over the list (Zhou et al. 2010)
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.evaluation.statistics import Sums, Values
from lifecycle.models.answers import AGAIN

Y = np.dtype([("user", np.uint64), ("item", np.uint64), ("relevance", np.float64)])
"""What a row is judged by: hashes of the user and the item, and whether it was liked (1) or only had (0)."""
SEED = 17
NAMES = ("ndcg", "recall", "map", "recall_micro")


def truth(users: pl.Series, items: pl.Series, relevance: np.ndarray) -> np.ndarray:
    """What rows are judged by."""
    made = np.empty(len(users), dtype=Y)
    made["user"], made["item"], made["relevance"] = hashed(users), hashed(items), relevance
    return made


def hashed(ids: pl.Series) -> np.ndarray:
    """Ids as numbers, the same for a text and for the number it shows."""
    return ids.cast(pl.String).hash(SEED).to_numpy()


@dataclass(frozen=True)
class Hits:
    """Where liked items stand in the lists of their users.

    Attributes:
        user: of each row, a code.
        liked: whether the row is one that counts: liked, and the first of its user and item.
        rank: of its item in the list, from 0; k where it is not in it.
        k: the length of the lists.
    """

    user: np.ndarray
    liked: np.ndarray
    rank: np.ndarray
    k: int

    @staticmethod
    def of(y: np.ndarray, shown: np.ndarray) -> "Hits":
        """From what rows are judged by, and hashes of the shown items of shape (n, k), 0 for none."""
        _, user = np.unique(y["user"], return_inverse=True)
        once = np.zeros(len(y), dtype=bool)
        once[_first(y)] = True
        found = shown == y["item"][:, None]
        k = shown.shape[1]
        rank = np.where(found.any(axis=1), found.argmax(axis=1), k)
        return Hits(user, once & (y["relevance"] > 0), rank, k)

    def by_user(self) -> dict[str, np.ndarray]:
        """`liked` (how many items count), and the metrics of each user."""
        users, k = int(self.user.max(initial=-1)) + 1, self.k
        gains = 1 / np.log2(np.arange(k) + 2)
        ideal = np.concatenate([[0], np.cumsum(gains)])
        many = np.bincount(self.user[self.liked], minlength=users)
        hit = self.liked & (self.rank < k)
        dcg = np.bincount(self.user[hit], gains[self.rank[hit]], minlength=users)
        hits = np.bincount(self.user[hit], minlength=users)
        table = np.zeros((users, k))
        table[self.user[hit], self.rank[hit]] = 1
        precision = (np.cumsum(table, axis=1) / (np.arange(k) + 1) * table).sum(axis=1)
        most = np.maximum(np.minimum(many, k), 1)
        return {
            "liked": many,
            "hits": hits,
            "ndcg": dcg / np.maximum(ideal[np.minimum(many, k)], gains[0]),
            "recall": hits / np.maximum(many, 1),
            "map": precision / most,
        }


def _first(y: np.ndarray) -> np.ndarray:
    """The positions of the liked rows that are the first of their user and item, then of the others."""
    order = np.lexsort((np.arange(len(y)), -y["relevance"], y["item"], y["user"]))
    user, item = y["user"][order], y["item"][order]
    new = np.concatenate([[True][: len(y)], (user[1:] != user[:-1]) | (item[1:] != item[:-1])])
    return order[new]


def statistics(y: np.ndarray, predictions: pl.DataFrame, k: int) -> list[Sums]:
    """All metrics of these rows, as sums over them: each row brings its part of what its user has."""
    if AGAIN in predictions.columns:
        y = y.copy()
        y["relevance"][predictions[AGAIN].to_numpy()] = 0
    hits = Hits.of(y, shown(predictions, k))
    each = hits.by_user()
    counts = (each["liked"] > 0).astype(np.float64)
    share = counts / np.maximum(np.bincount(hits.user, minlength=len(counts)), 1)
    novelty = predictions["novelty"].fill_null(0.0).to_numpy() if "novelty" in predictions.columns else np.zeros(len(y))
    terms = [share[hits.user], *((share * each[name])[hits.user] for name in NAMES[:3]), share[hits.user] * novelty]
    terms += [hits.liked, hits.liked & (hits.rank < k)]

    def finish(sums: np.ndarray) -> Values:
        found = {f"{name}@{k}": sums[at] / sums[0] for at, name in enumerate(NAMES[:3], 1)}
        return found | {"novelty": sums[4] / sums[0], f"recall_micro@{k}": sums[6] / sums[5]}

    return [Sums(np.stack(terms, axis=1).astype(np.float64), finish)]


def shown(predictions: pl.DataFrame, k: int) -> np.ndarray:
    """Hashes of the first k items of answers, shape (n, k); 0 where a list has no more."""
    lists = predictions["items"]
    ids = lists.list.eval(pl.element().struct.field("item")) if len(lists) else lists
    table = np.zeros((len(lists), k), dtype=np.uint64)
    for at in range(k if len(lists) else 0):
        one = ids.list.get(at, null_on_oob=True)
        table[:, at] = np.where(one.is_null().to_numpy(), np.uint64(0), one.fill_null("").hash(SEED).to_numpy())
    return table
