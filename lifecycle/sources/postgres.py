"""A PostgreSQL server."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.source import PLAIN, Incremental, Source

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader


@dataclass(frozen=True)
class Postgres(Source):
    """A table or a query of a PostgreSQL server: `postgresql://user:${PASSWORD}@host:5432/database`."""

    address: str
    table: str = ""
    """As in `orders` or `sales.orders`."""
    query: str = ""
    select: str = "FROM rows"
    incremental: Incremental | None = None

    def place(self) -> str:
        return self.address + (f"?query={self.query}" if self.query else f"?table={self.table}" if self.table else "")

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import databases, relations

        window = new.window if self.select == PLAIN else None
        return relations.selected(databases.postgres(reader, self.address, self.table, self.query, window), self.select)

    def texts(self) -> list[str]:
        return [self.select, self.place(), self.query]

    def hold(self, places: "Places", own: Source) -> None:
        places.address(self.address)
