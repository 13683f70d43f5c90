"""Where rows come from: files, databases, a query, a Python function, or several of them joined."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["", "csv", "json", "parquet", "excel", "sqlite"]


@dataclass(frozen=True)
class File:
    """A file (or glob, or address): CSV, JSON, Parquet, Excel or SQLite, compressed or not, told by its content.

    What has no types (CSV, JSON, Excel, SQLite) arrives as trimmed text and takes the schema's types after `select`.
    A relative path is looked for in the folder of `LIFECYCLE_DATA`, then fetched once from `url` and checked
    against `sha256`. `${NAME}` in an address stands for a secret that is looked up when it is read.
    """

    path: str
    header: tuple[str, ...] | bool | None = None
    """The column names of a file without a header line; `True` or `False`: whether it has one; `None`: told by its content."""
    null: tuple[str, ...] = ("",)
    """Texts that mean a missing value."""
    add: Mapping[str, str] = field(default_factory=dict)
    """Columns to add, with one value each."""
    url: str = ""
    sha256: str = ""
    delimiter: str = ""
    """Empty: told by the content, as are `quote` (`None`) and `encoding`, any that Python knows."""
    quote: str | None = None
    encoding: str = ""
    sheet: str = ""
    """Of an Excel book; empty: the first."""
    table: str = ""
    """Of an SQLite file; empty: the only one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with an http(s) request: `{"Authorization": "Bearer ${TOKEN}"}`. They do not follow a redirect to another server."""
    redirects: bool = True
    """Whether an http(s) server may send us on to another scheme, host or port."""
    kind: Kind = ""
    """Where the content could be taken for something else."""


@dataclass(frozen=True)
class ByColumn:
    """Read only rows whose `column` is beyond the newest value that was ingested."""

    column: str
    late: timedelta | float | None = None
    """Read again what is newer than so much before that value, so that late and changed rows are found; needs a key."""
    start: str = ""
    """A range in place of what is new: from here, included,"""
    until: str = ""
    """to here, excluded. `--source "from=2024-01-01,until=2024-02-01"` sets both."""

    @property
    def ranged(self) -> bool:
        """Whether a range was asked for."""
        return bool(self.start or self.until)


@dataclass(frozen=True)
class ByFile:
    """Read only files whose content was not ingested yet. A changed file is read again: its rows are merged by key."""


Incremental = ByColumn | ByFile


@dataclass(frozen=True)
class Files:
    """One or more files. `select` derives the schema's columns: SQL over the table `rows`."""

    files: tuple[File, ...]
    select: str = "FROM rows"
    incremental: Incremental | None = None


@dataclass(frozen=True)
class Postgres:
    """A table or a query of a PostgreSQL server: `postgresql://user:${PASSWORD}@host:5432/database`."""

    address: str
    table: str = ""
    """As in `orders` or `sales.orders`."""
    query: str = ""
    select: str = "FROM rows"
    incremental: ByColumn | None = None


@dataclass(frozen=True)
class SQLite:
    """A table or a query of an SQLite file."""

    path: str
    table: str = ""
    query: str = ""
    select: str = "FROM rows"
    incremental: ByColumn | None = None


@dataclass(frozen=True)
class Query:
    """Any DuckDB SQL: `FROM read_csv(...)`, `FROM 's3://...'`. It is run anew each time."""

    select: str
    incremental: ByColumn | None = None


@dataclass(frozen=True)
class Generated:
    """A Python function that yields Polars frames: a simulator, a paginated API.

    Only a `deterministic` one (the same parameters always give the same rows) may be answered from the cache.
    An `incremental` one is called with `since`, the newest value of the cursor that was ingested less `late` (`None`
    at first), and for a range with `until`. `select` is for the rows of a file given in its place with `--source`.
    """

    function: "Callable[..., Iterable[pl.DataFrame]]"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deterministic: bool = False
    select: str = "FROM rows"
    incremental: ByColumn | None = None


@dataclass(frozen=True)
class Joined:
    """Several sources as tables of one query: `Joined({"orders": ..., "customers": ...}, "FROM orders JOIN customers USING (id)")`."""

    sources: "Mapping[str, Source]"
    select: str
    incremental: ByColumn | None = None


Source = Files | Postgres | SQLite | Query | Generated | Joined
