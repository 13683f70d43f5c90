"""The recent rows of every entity, so that the one feature function finds online what it finds in the lake.

Two layers: a block of rows read from the lake, and the rows that were asked about since. A row has one key: asked about
again it is itself, not another event, and once the lake has it the lake's is the one that counts.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.serving.entity_index import EntityIndex
from lifecycle.serving.request_buffer import RequestBuffer

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
Older = Callable[[Mapping[str, set[Any]], dt.datetime, dt.datetime], pl.DataFrame]


class FeatureWindow:
    """The rows that windows look back on. Not for several threads at once: the predictor gives turns."""

    def __init__(self, use_case: "UseCase", older: Older) -> None:
        columns = use_case.columns
        self._use_case, self._older = use_case, older
        self._schema = {column.name: column.dtype for column in columns.all}
        self._at = {name: position for position, name in enumerate(columns.names)}
        self._key, self._time, self._entities = columns.one("key"), columns.one("time") or "", columns.having("entity")
        self._late = [column.name for column in columns.all if column.outcome]
        self._unasked = [column.name for column in columns.all if not column.requested]
        self._history = use_case.history or dt.timedelta(0)
        self.block = EntityIndex(use_case, pl.DataFrame(schema=self._schema))
        self.floor: dt.datetime | None = None
        """From when on the block has every row of the lake; `None`: it has them all."""
        self.asked = self._nobody()
        """Rows asked about that the lake does not have yet, in the schema's order."""

    def __len__(self) -> int:
        return len(self.block) + len(self.asked)

    def around(self, rows: Mapping[str, list[Any]]) -> tuple[pl.DataFrame, dict[Any, int]]:
        """A frame that ends with the asked rows, after those of their entities that came before them; and which are in the block.

        Args:
            rows: cells by column, no key twice; what has come out of them is added where it is known already.
        """
        moments = [moment for moment in map(_moment, rows[self._time]) if moment is not None]
        since = earlier(min(moments) if moments else dt.datetime.max, self._history)
        entities = {name: {value for value in rows[name] if value is not None} for name in self._entities}
        keys = rows[self._key] if self._key else []
        positions = self.block.positions(entities, (since - EPOCH) // MICROSECOND)
        known = self.block.find(keys)
        if known:
            positions = positions[~np.isin(positions, list(known.values()))]
        before = self._before(entities, since, keys)
        own = {**rows, **self._outcomes(keys, known, len(rows[self._time]))}
        cells = [pl.Series(name, [row[at] for row in before] + own[name], dtype) for at, (name, dtype) in enumerate(self._schema.items())]
        parts = [self.block.frame[positions], pl.DataFrame(cells)]
        if self.floor is not None and moments and since < self.floor:
            older = self._older(entities, since, self.floor)
            parts.insert(0, older.filter(~pl.col(self._key).is_in(keys)) if self._key else older)
        return pl.concat(parts), known

    def remember(self, rows: Mapping[str, list[Any]], known: Mapping[Any, int]) -> None:
        """Keep rows that were asked about as events of their entities, for those that come after them."""
        nothing = [None] * len(rows[self._time])
        for cells in zip(*(rows.get(name, nothing) for name in self._schema), strict=True):
            key = cells[self._at[self._key]] if self._key else None
            if earlier := self.asked.get(key):
                cells = self._kept(cells, earlier)
            elif key in known:
                before = self.block.frame.row(known[key])
                cells = self._kept(cells, before)
                if cells == before:
                    continue
                self.block.gone[known[key]] = True
            self.asked.put(cells)

    def unknown(self, keys: pl.Series) -> pl.Series:
        """Which of these keys (as text) are of no row that is here."""
        if not self._key:
            return pl.repeat(False, len(keys), eager=True)  # without a key nothing tells them apart from those that are here
        own = keys.cast(self._schema[self._key], strict=False)
        there = self.block.find(own.drop_nulls().to_list())
        known = pl.Series([key in self.asked or key in there for key in own.to_list()], dtype=pl.Boolean)
        return ~known & own.is_not_null()

    def learn(self, labels: Mapping[str, tuple[Any, dt.datetime | None]]) -> None:
        """Add outcomes to rows that have none: for a key (as text) its target and when that became known."""
        if not self._key or not labels:
            return
        target, known = self._use_case.target, self._use_case.columns.one("label_time")
        keys = pl.Series(list(labels), dtype=pl.String).cast(self._schema[self._key], strict=False).to_list()
        told = {key: label for key, label in zip(keys, labels.values(), strict=True) if key is not None}
        for key, label in told.items():
            row = self.asked.get(key)
            if row is not None and row[self._at[target]] is None:
                news = {target: label[0], **({known: label[1]} if known else {})}
                self.asked.put(tuple(news.get(name, cell) for name, cell in zip(self._schema, row, strict=True)))
        self._learn_in_block(told, target, known)

    def _learn_in_block(self, told: Mapping[Any, tuple[Any, dt.datetime | None]], target: str, known: str | None) -> None:
        frame = self.block.frame
        there = self.block.find(list(told))
        empty = {key: at for key, at in there.items() if frame[target][at] is None}
        if not empty:
            return
        at = list(empty.values())
        for part, name in enumerate((target, known)):
            if name:
                values = pl.Series([told[key][part] for key in empty], dtype=self._schema[name])
                frame = frame.with_columns(frame[name].scatter(at, values))
        self.block.frame = frame

    def replace(self, block: EntityIndex, floor: dt.datetime | None) -> None:
        """Take a newer block in place of the one here; rows asked about stay unless the block has them or they are too old."""
        kept = [row for row in self.asked if floor is None or (_moment(row[self._at[self._time]]) or floor) >= floor]
        if kept and self._key:
            keys = pl.Series([row[self._at[self._key]] for row in kept], dtype=self._schema[self._key])
            there = keys.is_in(block.frame[self._key].implode()).to_list()
            kept = [row for row, known in zip(kept, there, strict=True) if not known]
        dropped = self.asked.dropped
        self.block, self.floor, self.asked = block, floor, self._nobody()
        self.asked.dropped = dropped
        for row in kept:
            self.asked.put(row)

    def _nobody(self) -> RequestBuffer:
        return RequestBuffer(self._at[self._key] if self._key else None, {name: self._at[name] for name in self._entities})

    def _before(self, entities: Mapping[str, set[Any]], since: dt.datetime, keys: list[Any]) -> list[tuple[Any, ...]]:
        """Rows asked about earlier, of any of these entities, but for those that are asked about again."""
        rows = self.asked.of(entities, keys)
        return [row for row in rows if (_moment(row[self._at[self._time]]) or since) >= since]

    def _outcomes(self, keys: list[Any], known: Mapping[Any, int], count: int) -> dict[str, list[Any]]:
        """The columns that a request does not have: null, but for the outcomes of rows that were here before."""
        found: dict[str, list[Any]] = {name: [None] * count for name in self._unasked}
        for at, key in enumerate(keys if known or self.asked else ()):
            if row := self._row(key, known):
                for name in self._late:
                    found[name][at] = row[self._at[name]]
        return found

    def _row(self, key: Any, known: Mapping[Any, int]) -> tuple[Any, ...] | None:
        return self.asked.get(key) or (self.block.frame.row(known[key]) if key in known else None)

    def _kept(self, cells: tuple[Any, ...], before: tuple[Any, ...]) -> tuple[Any, ...]:
        """Cells with the outcome that was known already."""
        late = {self._at[name] for name in self._late}
        return tuple(old if at in late and cell is None else cell for at, (cell, old) in enumerate(zip(cells, before, strict=True)))


def earlier(moment: dt.datetime, span: dt.timedelta) -> dt.datetime:
    """The moment a span earlier; the first that there is where that would be before the calendar begins."""
    return moment - span if moment - dt.datetime.min > span else dt.datetime.min


def _moment(value: Any) -> dt.datetime | None:
    if value is None or isinstance(value, dt.datetime):
        return value
    return dt.datetime(value.year, value.month, value.day)
