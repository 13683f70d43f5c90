"""A PostgreSQL server."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.source import PLAIN, Incremental, Source
from lifecycle.sources.database import Database

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader


@dataclass(frozen=True)
class Postgres(Database):
    """A table or a query of a PostgreSQL server: `postgresql://user:${PASSWORD}@host:5432/database`."""

    address: str
    table: str = ""
    """As in `orders` or `sales.orders`."""
    query: str = ""
    select: str = "FROM rows"
    incremental: Incremental | None = None

    @property
    def where(self) -> str:
        return self.address

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import databases, relations

        window = new.window if self.select == PLAIN else None
        return relations.selected(databases.postgres(reader, self.address, self.table, self.query, window), self.select)

    def hold(self, places: "Places", own: Source) -> None:
        places.address(self.address)
