"""Rows that were asked about and that the lake does not have yet: each once, found by its key and by its entities."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Cells = tuple[Any, ...]
MAX_ROWS = 500_000
"""So many are kept; beyond, those that were asked about first go: without a new batch in the lake nothing else would end them."""
MAX_BYTES = 256_000_000
"""The same for the memory that their cells take, about."""
CELL = 40
"""Bytes of a cell beside its text: what Python takes for a number, a moment, a reference."""


class RequestBuffer:
    """Rows as tuples in the schema's order, in the order in which each was first asked about.

    Args:
        key: the position of the key's cell, where there is a key.
        entities: the positions of the entities' cells, by name.
    """

    def __init__(self, key: int | None, entities: Mapping[str, int]) -> None:
        self._key, self._entities = key, dict(entities)
        self._rows: dict[int, Cells] = {}
        self._places: dict[Any, int] = {}
        self._by_entity: dict[str, dict[Any, dict[int, None]]] = {name: {} for name in entities}
        self._next = 0
        self.bytes = 0
        """What the rows take, about."""
        self.dropped = 0
        """Rows that had to go for want of room."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cells]:
        return iter(self._rows.values())

    def __contains__(self, key: Any) -> bool:
        return key in self._places

    def get(self, key: Any) -> Cells | None:
        """The row with this key."""
        place = self._places.get(key)
        return None if place is None else self._rows[place]

    def put(self, cells: Cells) -> None:
        """Take a row in; one that is here with its key is replaced in its place."""
        key = None if self._key is None else cells[self._key]
        place = None if key is None else self._places.get(key)
        if place is None:
            place, self._next = self._next, self._next + 1
            if key is not None:
                self._places[key] = place
        else:
            self._forget(place)
        self._rows[place] = cells
        self.bytes += _size(cells)
        for name, at in self._entities.items():
            self._by_entity[name].setdefault(cells[at], {})[place] = None
        while len(self._rows) > MAX_ROWS or (self.bytes > MAX_BYTES and len(self._rows) > 1):
            self.dropped += 1
            self._drop(next(iter(self._rows)))

    def of(self, entities: Mapping[str, Iterable[Any]], but: Iterable[Any]) -> list[Cells]:
        """The rows of any of these entities, but for those with the keys `but`."""
        found = {place for name, values in entities.items() for value in values for place in self._by_entity[name].get(value, ())}
        found.difference_update(self._places[key] for key in but if key in self._places)
        return [self._rows[place] for place in sorted(found)]

    def _drop(self, place: int) -> None:
        self._forget(place)
        cells = self._rows.pop(place)
        if self._key is not None:
            self._places.pop(cells[self._key], None)

    def _forget(self, place: int) -> None:
        """Take a place out of the index of entities, and out of the count."""
        cells = self._rows[place]
        self.bytes -= _size(cells)
        for name, at in self._entities.items():
            places = self._by_entity[name][cells[at]]
            del places[place]
            if not places:
                del self._by_entity[name][cells[at]]


def _size(cells: Cells) -> int:
    """The bytes of a row, about."""
    return sum(CELL + len(cell) if isinstance(cell, str | bytes) else CELL for cell in cells)
