"""Any SQL that DuckDB understands."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError
from lifecycle.source import PLAIN, Incremental, Source

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader

NEEDED = {"sqlite": "sqlite_scanner", "xlsx": "excel", "http": "httpfs", "postgres": "postgres_scanner"}
"""Extensions that a query needs, by a word that it then has."""


@dataclass(frozen=True)
class Query(Source):
    """Any DuckDB SQL: `FROM read_csv(...)`, `FROM 's3://...'`. It is run anew each time."""

    select: str
    incremental: Incremental | None = None

    def place(self) -> str:
        return self.select

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import credentials, level

        return level.leveled(reader.cursor, _prepared(reader, credentials.resolved(self.select)))

    def cleaned(self, select: str) -> "Query":
        return Query(f"\nWITH rows AS ({self.select})\n{select.strip()}\n", self.incremental)

    def select_of_others(self) -> str:
        return PLAIN

    def hold(self, places: "Places", own: Source) -> None:
        places.query(self.select)

    def described(self, code: Callable[[str], str]) -> str:
        return f"query {code(self.name)}"


def _prepared(reader: "Reader", select: str) -> str:
    """SQL over a query, which stands between brackets: what closes them and goes on with something else is no single query."""
    import duckdb

    from lifecycle.store.lake import load, use_s3

    select = select.strip().rstrip(";")
    if len(duckdb.extract_statements(select)) != 1 or len(duckdb.extract_statements(f"SELECT * FROM ({select}\n)")) != 1:
        raise LifecycleError("the source is more than one SQL statement; write one query")
    for word, extension in NEEDED.items():
        if word in select.lower():
            load(reader.cursor, extension)
    if re.search(r"s3://", select, re.IGNORECASE):
        use_s3(reader.cursor)
    return select
