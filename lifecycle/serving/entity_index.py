"""Many rows of the lake in memory, found by their entities: one frame in order of time, and for each entity where its rows are."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


class EntityIndex:
    """Rows with all columns of the schema. The frame and the index never change; rows that were replaced are marked as gone."""

    def __init__(self, use_case: "UseCase", frame: pl.DataFrame) -> None:
        time = use_case.columns.one("time") or ""
        self.frame = frame.sort(time, maintain_order=True).rechunk()
        self.times = microseconds(self.frame[time])
        self.gone = np.zeros(self.frame.height, dtype=bool)
        self._key = use_case.columns.one("key")
        self._hashes, self._by_hash = self._sorted(self.frame[self._key]) if self._key else (None, None)
        self._index = {name: _index(self.frame[name]) for name in use_case.columns.having("entity")}

    def __len__(self) -> int:
        return self.frame.height

    def positions(self, entities: Mapping[str, Iterable[Any]], since: int) -> np.ndarray:
        """Where the rows of any of these entities are that happened at `since` (microseconds) or later."""
        found = []
        for name, values in entities.items():
            order, spans = self._index[name]
            for value in values:
                span = spans.get(value)
                if span is not None:
                    rows = order[span[0] : span[1]]
                    found.append(rows[np.searchsorted(self.times[rows], since) :])
        if not found:
            return np.empty(0, dtype=np.int64)
        positions = np.unique(np.concatenate(found))
        return positions[~self.gone[positions]]

    def find(self, keys: list[Any]) -> dict[Any, int]:
        """Where the rows with these keys are, of those that are here."""
        if self._hashes is None or self._by_hash is None or not len(self):
            return {}
        asked = self._comparable(pl.Series(keys, dtype=self.frame[self._key or ""].dtype))
        place = np.minimum(np.searchsorted(self._hashes, asked), len(self._hashes) - 1)
        found = {}
        for at in np.flatnonzero(self._hashes[place] == asked):
            position = int(self._by_hash[place[at]])
            if keys[at] is not None and self.frame[self._key or ""][position] == keys[at] and not self.gone[position]:
                found[keys[at]] = position
        return found

    def _comparable(self, key: pl.Series) -> np.ndarray:
        """Numbers that are equal where keys are: whole numbers themselves, of other types the hashes."""
        return key.cast(pl.Int64).to_numpy() if key.dtype.is_signed_integer() and not key.null_count() else key.hash().to_numpy()

    def _sorted(self, key: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """The keys in order, and whose they are: a tenth of what a dictionary would take."""
        keys = self._comparable(key)
        order = np.argsort(keys)
        return keys[order], order


def microseconds(moments: pl.Series) -> np.ndarray:
    """Moments as whole microseconds; one that is missing is before all others."""
    return moments.cast(pl.Datetime("us")).to_physical().fill_null(np.iinfo(np.int64).min).to_numpy()


def _index(entity: pl.Series) -> tuple[np.ndarray, dict[Any, tuple[int, int]]]:
    """Positions sorted by entity, those of one in order of time, and the span of each entity among them."""
    groups = entity.alias("entity").to_frame().with_row_index("at").group_by("entity", maintain_order=True).agg("at")
    groups = groups.filter(pl.col("entity").is_not_null())
    if groups.is_empty():
        return np.empty(0, dtype=np.int64), {}
    ends = groups["at"].list.len().cum_sum().to_list()
    spans = dict(zip(groups["entity"].to_list(), zip([0, *ends[:-1]], ends, strict=True), strict=True))
    return groups["at"].explode().cast(pl.Int64).to_numpy(), spans
