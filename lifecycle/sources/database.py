"""What sources that are a table or a query of a database have in common."""

from lifecycle.source import Source


class Database(Source):
    """A table or a query of the database at an address or a path."""

    table: str
    query: str

    @property
    def where(self) -> str:
        """Its address or its path."""
        raise NotImplementedError

    def place(self) -> str:
        return self.where + (f"?query={self.query}" if self.query else f"?table={self.table}" if self.table else "")

    def texts(self) -> list[str]:
        return [self.select, self.place(), self.query]
