"""What one reading of a source needs: a cursor, a folder for copies, and what has to be undone when it is over."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from lifecycle.store import staging
from lifecycle.store.lake import load, quoted


@dataclass
class Reader:
    """One reading. Copies of files that DuckDB cannot read as they are lie in its folder until it is closed."""

    cursor: duckdb.DuckDBPyConnection
    folder: Path | None = None
    """Where copies go; `None`: a staging folder, made with the first."""
    expects: frozenset[str] = frozenset()
    """Names of columns, in lower case, that tell a header line."""
    ready: dict[Any, Any] = field(default_factory=dict)
    """Copies that were made, so that a second look makes none."""
    healed: dict[str, str] = field(default_factory=dict)
    """The plain file that a copy without unclosed quotes was made of."""
    unclosed: dict[str, set[int]] = field(default_factory=dict)
    """Lines with a quote that is never closed, by file."""
    original: dict[str, str] = field(default_factory=dict)
    """What a copy is called to a person."""
    attached: list[str] = field(default_factory=list)
    files: int = 0
    """How many text files are read: of several, a rejected line's is named."""
    registered: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    """Temporary tables, dropped in the end."""
    failed: Exception | None = None
    """What a Python function raised while its frames were read."""
    made: int = 0
    rounds: int = 0
    """How often it was read again for the sake of quotes."""

    def copy(self, suffix: str) -> Path:
        """A new path in the folder."""
        self.folder = self.folder or staging.folder("_copies")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.made += 1
        return self.folder / f"{self.made}{suffix}"

    def called(self, path: str) -> str:
        """What a person calls a file, of which this may be a copy."""
        while path in self.original:
            path = self.original[path]
        return path

    def attach(self, extension: str, at: str, kind: str) -> str:
        """Attach another database read-only, for as long as this reading lasts; returns its alias."""
        load(self.cursor, extension)
        alias = f"source_{id(self)}_{len(self.attached)}"
        self.cursor.execute(f"ATTACH {at} AS {quoted(alias)} (TYPE {kind}, READ_ONLY)")
        self.attached.append(alias)
        return alias

    def register(self, stream: Any) -> str:
        """Give an Arrow stream a name in SQL."""
        name = f"stream_{id(self)}_{len(self.registered)}"
        self.cursor.register(name, stream)
        self.registered.append(name)
        return name

    def table(self) -> str:
        """A new name for a temporary table."""
        self.tables.append(f"lifecycle_table_{id(self)}_{len(self.tables)}")
        return self.tables[-1]

    def close(self) -> None:
        """Detach what was attached, remove the copies."""
        for alias in self.attached:
            try:
                self.cursor.execute(f"DETACH {quoted(alias)}")
            except duckdb.Error:
                pass  # in a failed transaction: it ends with the process
        for name in self.registered:
            self.cursor.unregister(name)
        for name in self.tables:
            self.cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
        self.tables.clear()
        self.attached.clear()
        self.registered.clear()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def opened(cursor: duckdb.DuckDBPyConnection, folder: Path | None = None, expects: frozenset[str] = frozenset()) -> Iterator[Reader]:
    """A reading that is closed at the end. `folder` is where its copies go, under the home folder by default."""
    reader = unclosed(cursor)
    reader.folder, reader.expects = folder, frozenset(name.lower() for name in expects)
    try:
        yield reader
    finally:
        reader.close()


def unclosed(cursor: duckdb.DuckDBPyConnection) -> Reader:
    """A reading that nobody closes: its copies, if it makes any, stay under the home folder."""
    return Reader(cursor)
