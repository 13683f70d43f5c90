"""Lists of items as answers: what is shown, how well it fits, and why."""

from typing import Any

import numpy as np
import polars as pl

from lifecycle.models.interactions import LIKED, MANY, SEEN, Histories, code
from lifecycle.models.recommender import Recommender

AGAIN = "_again"
"""Of answers to events: whether the item of the event is one that the user had before, and that is so not shown."""
LONGEST = 100
"""So many items a list may have."""
USUAL = 10
"""So many it has where nobody says."""
FEW = 32
"""So few answers are put together in Python: the engine's overhead is more than they cost."""
POPULAR = "popular with others"


def answers(model: Recommender, X: pl.DataFrame) -> pl.DataFrame:
    """A list for each row, n rows: of questions (`_liked`, `_seen`) by the histories that they bring, else by what the model knows of the row's user.

    Returns:
        `prediction` (the first item, as text), `items` (a list of `rank` from 1, `item` as text, `score`, `reason`), `novelty` and `known`
        (how many liked items the answer rests on). Who asks by events judges the lists, and is told no reasons: they cost more than the rest.
    """
    if X.height == 0:
        return _frame([], [], [], [], [], [])
    histories, at = _asked(model, X)
    wanted = {each or USUAL for each in X[MANY].to_list()} if MANY in X.columns else {USUAL}
    items, scores = model.recommend(histories, max(wanted))
    said = _written(model, histories, items, scores, LIKED in X.columns)
    said = said if at is None else said[at]
    if LIKED not in X.columns and model.item in X.columns:
        rows = np.arange(X.height) if at is None else at
        said = said.with_columns(pl.Series(AGAIN, met(model, histories, rows, X[model.item])))
    if len(wanted) > 1:
        said = said.with_columns(pl.col("items").list.head(pl.lit(X[MANY].fill_null(USUAL))))
    return said


def met(model: Recommender, histories: Histories, rows: np.ndarray, items: pl.Series) -> np.ndarray:
    """Whether items are in the histories at these rows, length n."""
    item = code(model.known_.items, items)
    width = max(len(model.known_.items), 1)
    there = np.repeat(np.arange(len(histories)), np.diff(histories.seen.indptr)) * width + histories.seen.indices
    return np.isin(rows * width + item, there) & (item >= 0)


def _asked(model: Recommender, X: pl.DataFrame) -> tuple[Histories, np.ndarray | None]:
    """The histories that are asked for, and for each row which of them; `None`: each its own."""
    if LIKED in X.columns:
        given = X[LIKED].is_not_null()
        if given.all():
            return model.known_.of_lists(X[LIKED], X[SEEN]), None
        known = model.known_.of_user(X[model.user])
        if not given.any():
            return known, None
        from scipy.sparse import vstack

        lists = model.known_.of_lists(X[LIKED], X[SEEN])
        which = np.where(given.to_numpy(), np.arange(X.height), X.height + np.arange(X.height))
        both: Any = [vstack(each, format="csr") for each in ((lists.liked, known.liked), (lists.seen, known.seen))]
        return Histories(both[0][which], both[1][which]), None
    users = X[model.user]
    if users.n_unique() == X.height:
        return model.known_.of_user(users), None
    different = users.unique(maintain_order=True)
    number = pl.DataFrame({"user": different}).with_row_index("at")
    at = pl.DataFrame({"user": users}).join(number, on="user", how="left", maintain_order="left", nulls_equal=True)["at"].to_numpy()
    return model.known_.of_user(different), at


def _written(model: Recommender, histories: Histories, items: np.ndarray, scores: np.ndarray, reasons: bool) -> pl.DataFrame:
    there = items >= 0
    lengths = there.sum(axis=1)
    flat, values = items[there], scores[there]
    names = model.known_.names
    ranks = np.tile(np.arange(1, items.shape[1] + 1), (len(items), 1))[there]
    known = np.diff(histories.liked.indptr)
    said: Any = _reasons(model, histories, items, names) if reasons else [None] * len(flat)
    surprise = np.zeros(len(items))
    self_information = -np.log2(np.maximum(model.had_[flat], 1 / (2 * max(len(model.known_.users), 1))))
    np.add.at(surprise, np.repeat(np.arange(len(items)), lengths), self_information)
    shown = names[flat]
    starts = np.cumsum(lengths) - lengths
    first = pl.Series([shown[int(at)] if many else None for at, many in zip(starts, lengths, strict=True)], dtype=pl.String)
    return _frame(lengths, ranks, shown, values, said, [first, surprise / np.maximum(lengths, 1), known])


def _frame(lengths: Any, ranks: Any, names: Any, values: Any, reasons: Any, whole: Any) -> pl.DataFrame:
    first, novelty, known = whole or ([], [], [])
    parts = {
        "rank": pl.Series(ranks, dtype=pl.Int64), "item": pl.Series(names, dtype=pl.String),
        "score": pl.Series(values, dtype=pl.Float64), "reason": pl.Series(reasons, dtype=pl.String),
    }  # fmt: skip
    whole_frame = {"novelty": pl.Series(novelty, dtype=pl.Float64), "known": pl.Series(known, dtype=pl.Int64)}
    dtype = pl.List(pl.Struct({name: column.dtype for name, column in parts.items()}))
    if len(lengths) <= FEW:
        ends = np.cumsum(lengths).tolist()
        each = [dict(zip(parts, row)) for row in zip(*(column.to_list() for column in parts.values()))]  # noqa: B905 - they are of one length
        few = pl.Series([each[end - many : end] for end, many in zip(ends, lengths, strict=True)], dtype=dtype)
        return pl.DataFrame({"prediction": pl.Series(first, dtype=pl.String), "items": few, **whole_frame})
    structs = pl.DataFrame(parts).to_struct("items")
    number = np.repeat(np.arange(len(lengths)), lengths)
    lists = pl.DataFrame({"row": number, "items": structs}).group_by("row", maintain_order=True).agg("items")
    every = pl.DataFrame({"row": np.arange(len(lengths))}).join(lists, on="row", how="left", maintain_order="left")["items"]
    if every.null_count():
        every = pl.select(pl.when(every.is_null()).then(pl.lit([], dtype=every.dtype)).otherwise(every).alias("items")).to_series()
    return pl.DataFrame({"prediction": pl.Series(first, dtype=pl.String), "items": every.cast(dtype), **whole_frame})


def _reasons(model: Recommender, histories: Histories, items: np.ndarray, names: pl.Series) -> list[str]:
    ids, found = None, []
    liked = histories.liked
    for at in range(len(items)):
        shown = items[at][items[at] >= 0]
        had = liked.indices[liked.indptr[at] : liked.indptr[at + 1]].astype(np.int64)
        because = model.because(had, shown) if len(had) else np.full(len(shown), -1)
        if ids is None and (because >= 0).any():
            ids = _Names(names)
        found += [f"because you liked {ids[int(one)]}" if one >= 0 and ids else POPULAR for one in because]
    return found


class _Names:
    """Names by code: all at once where many are asked for, else one by one."""

    def __init__(self, names: pl.Series) -> None:
        self._names, self._made = names, {}

    def __getitem__(self, at: int) -> str:
        if at not in self._made:
            self._made[at] = self._names[at]
        return self._made[at]
