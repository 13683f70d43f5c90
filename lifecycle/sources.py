"""Where rows come from: files, a query, or a Python function."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class File:
    """A file (or glob) that DuckDB can read; CSV arrives as text, is trimmed, and takes the schema's types after `select`.

    A relative path is looked for in the folder of `LIFECYCLE_DATA`, then fetched once from `url` and checked
    against `sha256`.
    """

    path: str
    header: tuple[str, ...] | None = None
    """The column names of a file that has no header line."""
    null: tuple[str, ...] = ("",)
    """Texts that mean a missing value."""
    add: Mapping[str, str] = field(default_factory=dict)
    """Columns to add, with one value each."""
    url: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Files:
    """One or more files. `select` derives the schema's columns: SQL over the table `rows`."""

    files: tuple[File, ...]
    select: str = "FROM rows"


@dataclass(frozen=True)
class Query:
    """Any DuckDB SQL: `FROM postgres_scan(...)`, `FROM 's3://...'`. It is run anew each time."""

    select: str


@dataclass(frozen=True)
class Generated:
    """A Python function that yields Polars frames: a simulator, a paginated API.

    Only a `deterministic` one (the same parameters always give the same rows) may be answered from the cache.
    `select` is for the rows of a file given in its place with `--source`.
    """

    function: "Callable[..., Iterable[pl.DataFrame]]"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deterministic: bool = False
    select: str = "FROM rows"


Source = Files | Query | Generated
