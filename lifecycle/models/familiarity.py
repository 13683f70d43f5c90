"""How well a recommender knows the users and items of events: what drift is looked for in."""

import numpy as np
import polars as pl

from lifecycle.models.interactions import code
from lifecycle.models.recommender import Recommender

FEW = 5
"""So few liked items of a user are a short history."""
SHARES = (1 / 3, 2 / 3)
"""The head of a catalogue are the most popular items with a third of all events, the middle those with the next third."""


def familiarity(model: Recommender, X: pl.DataFrame) -> pl.DataFrame:
    """Events without their ids: `item_popularity` (new, tail, middle, head), `user_history` (new, short, long), and what else they have."""
    known = model.known_
    had = np.asarray(known.seen.sum(axis=0)).ravel()
    order = np.argsort(-had, kind="stable")
    before = np.concatenate([[0], np.cumsum(had[order])[:-1]]) / max(had.sum(), 1)
    place = np.empty(len(had), dtype=np.int64)
    place[order] = np.digitize(before, SHARES)
    item = code(known.items, X[model.item])
    popularity = np.where(item >= 0, np.array(["head", "middle", "tail"], dtype=object)[place[item] if len(place) else item], "new")
    user = code(known.users, X[model.user])
    liked = np.diff(known.liked.indptr)
    history = np.where(user < 0, "new", np.where((liked[user] if len(liked) else user) < FEW, "short", "long"))
    return X.drop(model.user, model.item).with_columns(
        item_popularity=pl.Series(popularity.tolist(), dtype=pl.String), user_history=pl.Series(history.tolist(), dtype=pl.String)
    )
