"""Events as a table of users and items: what each user had, and what of it was liked. Ids are those of the data, codes count them."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

Sparse = Any
"""A `scipy.sparse.csr_matrix`, of which its stubs know little."""
LIKED, SEEN, MANY = "_liked", "_seen", "_k"
"""Columns of a question: the items that its user liked, those that are not to be shown (each a list of ids), and how many items are wanted.
Where both lists are null, the model's own memory of the user holds."""


@dataclass(frozen=True)
class Histories:
    """Whose answers are asked for: a row for each, in codes of the model's items.

    Attributes:
        liked: what was liked, shape (n, items), 0 or 1.
        seen: what is not shown again, of the same shape.
    """

    liked: Sparse
    seen: Sparse

    def __len__(self) -> int:
        return self.liked.shape[0]


@dataclass(frozen=True)
class Interactions:
    """Who had what.

    Attributes:
        users, items: the ids by code, ascending.
        seen: what each user had, shape (users, items), 0 or 1.
        liked: the same of what was liked.
    """

    users: pl.Series
    items: pl.Series
    seen: Sparse
    liked: Sparse
    _codes: dict[str, dict[Any, int]] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def of(users: pl.Series, items: pl.Series, liked: np.ndarray, catalogue: pl.Series | None = None) -> "Interactions":
        """The table of events, length n each; a repeated event counts once. `catalogue`: items that are there without an event, too."""
        whose, what = (each.drop_nulls().unique().sort() for each in (users, items if catalogue is None else pl.concat([items, catalogue])))
        row, column = code(whose, users), code(what, items)
        there = (row >= 0) & (column >= 0)
        shape = (len(whose), len(what))
        fine = there & np.asarray(liked, dtype=bool)
        return Interactions(whose, what, ones(row[there], column[there], shape), ones(row[fine], column[fine], shape))

    @cached_property
    def names(self) -> pl.Series:
        """The items' ids as text, by code."""
        return self.items.cast(pl.String)

    def of_user(self, users: pl.Series) -> Histories:
        """What is known of these users; nothing of one that is not known."""
        known = self._lookup("users", self.users) if len(users) < FEW else {}
        at = np.array([known.get(user, -1) for user in users.to_list()]) if len(users) < FEW else code(self.users, users)
        return Histories(_taken(self.liked, at), _taken(self.seen, at))

    def of_lists(self, liked: pl.Series, seen: pl.Series) -> Histories:
        """Histories that are given as lists of ids; what is no item of these is left out."""
        return Histories(self._rows(liked), self._rows(seen))

    def position(self, item: Any) -> int:
        """The code of one item, -1 for none."""
        return self._lookup("items", self.items).get(item, -1)

    def user_position(self, user: Any) -> int:
        """The code of one user, -1 for none."""
        return self._lookup("users", self.users).get(user, -1)

    def with_history(self, other: "Interactions") -> "Interactions":
        """The same items, with what another table knows of the users."""
        at = code(self.items, other.items)
        moved = [_recoded(each, at, len(self.items)) for each in (other.seen, other.liked)]
        return replace(self, users=other.users, seen=moved[0], liked=moved[1], _codes={})

    def _lookup(self, name: str, ids: pl.Series) -> dict[Any, int]:
        if name not in self._codes:
            self._codes[name] = {value: at for at, value in enumerate(ids.to_list())}
        return self._codes[name]

    def _rows(self, lists: pl.Series) -> Sparse:
        if len(lists) < FEW:
            known = self._lookup("items", self.items)
            found = [sorted({known[each] for each in row or () if each in known}) for row in lists.to_list()]
            lengths = [len(each) for each in found]
            return _csr(np.array([each for row in found for each in row], dtype=np.int64), lengths, len(self.items))
        number = pl.DataFrame({"row": np.arange(len(lists)), "item": lists}).explode("item").drop_nulls()
        column = code(self.items, number["item"])
        row = number["row"].to_numpy()
        return ones(row[column >= 0], column[column >= 0], (len(lists), len(self.items)))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "names"} | {"_codes": {}}


FEW = 64
"""So few lists are looked up item by item: a join costs more than they do."""


def code(ids: pl.Series, values: pl.Series) -> np.ndarray:
    """The code of each value among ascending ids, -1 for one that is not there."""
    known = pl.DataFrame({"id": ids, "code": np.arange(len(ids), dtype=np.int64)})
    asked = pl.DataFrame({"id": values.cast(ids.dtype, strict=False)})
    return asked.join(known, on="id", how="left", maintain_order="left")["code"].fill_null(-1).to_numpy()


def ones(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> Sparse:
    """A sparse table with 1 at these places, each once."""
    from scipy.sparse import csr_matrix

    made = csr_matrix((np.ones(len(row), dtype=np.float32), (row, column)), shape=shape)
    made.sum_duplicates()
    made.data[:] = 1
    return made


def _taken(table: Sparse, at: np.ndarray) -> Sparse:
    """Rows of a table; an empty one for each -1."""
    known = np.flatnonzero(at >= 0)
    if len(known) == len(at):
        return table[at]
    rows = table[at[known]]
    lengths = np.zeros(len(at), dtype=np.int64)
    lengths[known] = np.diff(rows.indptr)
    return _csr(rows.indices, lengths, table.shape[1])


def _csr(columns: np.ndarray, lengths: Any, width: int) -> Sparse:
    from scipy.sparse import csr_matrix

    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(ends) - 1, width))


def _recoded(table: Sparse, at: np.ndarray, width: int) -> Sparse:
    """A table with other codes of its columns; what has none (-1) is left out."""
    entries = table.tocoo()
    column = at[entries.col]
    return ones(entries.row[column >= 0], column[column >= 0], (table.shape[0], width))
