"""Several sources as tables of one query."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.source import PLAIN, Incremental, Source

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader


@dataclass(frozen=True)
class Joined(Source):
    """Several sources as tables of one query: `Joined({"orders": ..., "customers": ...}, "FROM orders JOIN customers USING (id)")`."""

    sources: Mapping[str, Source]
    select: str
    incremental: Incremental | None = None

    def place(self) -> str:
        return "; ".join([*(f"{name}={part.name}" for name, part in self.sources.items()), self.select])

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading.increments import New
        from lifecycle.store.lake import quoted

        parts = ", ".join(f"{quoted(name)} AS ({part.read(reader, New())})" for name, part in self.sources.items())
        return f"WITH {parts} {self.select}"

    def parts(self) -> Iterator[Source]:
        yield from self.sources.values()

    def cleaned(self, select: str) -> "Joined":
        return self

    def select_of_others(self) -> str:
        return PLAIN

    def hold(self, places: "Places", own: Source) -> None:
        for part in self.sources.values():
            part.hold(places, own)
