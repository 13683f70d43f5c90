"""An SQLite file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lifecycle.source import PLAIN, File, Incremental, Source
from lifecycle.sources.database import Database

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader


@dataclass(frozen=True)
class SQLite(Database):
    """A table or a query of an SQLite file."""

    path: str
    table: str = ""
    query: str = ""
    select: str = "FROM rows"
    incremental: Incremental | None = None

    @property
    def where(self) -> str:
        return self.path

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import databases, files, relations

        window = new.window if self.select == PLAIN else None
        found = files.locate(File(self.path))
        return relations.selected(databases.sqlite(reader, found, self.path, self.table, self.query, window), self.select)

    def named_files(self) -> tuple[File, ...]:
        return (File(self.path),)

    def with_files(self, change: Callable[[File], File]) -> "SQLite":
        return replace(self, path=change(File(self.path)).path)

    def content_key(self) -> str | None:
        from lifecycle.reading import files

        return None if self.incremental else files.content_key(self.named_files())

    def hold(self, places: "Places", own: Source) -> None:
        places.named_file(File(self.path))
