"""What a source of rows answers for, and how a file is named. A definition may bring its own: a frozen dataclass that derives from `Source`."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader
    from lifecycle.usecase import UseCase
    from lifecycle.world import World

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
    skip: int | None = None
    """Of CSV and Excel: so many lines stand over the header, or over the rows where there is none; `None`: told by the content."""
    range: str = ""
    """Of an Excel sheet: where the table is, header included, as in `A4:H200`; empty: told by the content."""
    rows: str = ""
    """Of a JSON file that is one object: the key of the list that is the table, as in `data` or `result.items`; empty: its only list of objects."""
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
PLAIN = "FROM rows"
"""A `select` that takes the rows as they come."""


class Source:
    """A place that rows come from. `select`, SQL over the table `rows`, derives the schema's columns from what is there."""

    select: str
    incremental: Incremental | None
    extra: ClassVar[str] = ""
    """The extra whose libraries it needs (`lifecycle.extras`)."""
    asked: ClassVar[str] = ""
    """The column that a draft takes for the target where nobody names one."""
    says_missing: ClassVar[bool] = False
    """Whether its files say which texts mean a missing value: `File(null=...)`."""

    def place(self) -> str:
        """What it is called in the ledger, as it is written: secrets stay `${NAME}`."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The same, with the range that was asked for."""
        by = self.incremental
        return self.place() + (f" [{by.start or '...'}, {by.until or '...'})" if isinstance(by, ByColumn) and by.ranged else "")

    def read(self, reader: "Reader", new: "New") -> str:
        """SQL that gives the rows; lines that cannot be read go to the temporary table of rejects (`lifecycle.reading.rejects`).

        Args:
            reader: a connection, and where copies go.
            new: what of the source is asked for; the caller keeps to the window again, so that it may be left aside here.

        Raises:
            LifecycleError: the source is not there, or cannot be what it should be.
        """
        raise NotImplementedError

    def parts(self) -> "Iterator[Source]":
        """The sources that it is made of; of most itself."""
        yield self

    def named_files(self) -> tuple[File, ...]:
        """The files that it names."""
        return ()

    def with_files(self, change: Callable[[File], File]) -> "Source":
        """The same source with each of its files changed."""
        return self

    def cleaned(self, select: str) -> "Source":
        """The same source with SQL over its rows, which were taken as they come so far."""
        return self._with(select=select)

    def ranged(self, by: ByColumn) -> "Source":
        """The same source, read by a range of a column."""
        return self._with(incremental=by)

    def _with(self, **changes: Any) -> "Source":
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]  # each variant is a dataclass

    def typed(self, text: str) -> "Source | None":
        """What is meant by a text that was typed in its place, where it is no address and no query; `None` if that means nothing here."""
        return None

    @classmethod
    def placed(cls, text: str) -> "Source | None":
        """What is read from a path or an address that holds what only this kind of source reads; `None` where it does not."""
        return None

    def select_of_others(self) -> str:
        """The `select` for the rows of a file that is read in its place."""
        return self.select

    def cursor(self, use_case: "UseCase") -> str | None:
        """The column that a range is along: that of `incremental`, else of the rows' time."""
        return self.incremental.column if isinstance(self.incremental, ByColumn) else use_case.columns.one("time")

    def content_key(self) -> str | None:
        """What tells, without reading rows, that it would give the same again; `None` where nothing can."""
        return None

    def world(self, days: int, last: dt.date) -> "World | None":
        """A simulated world of so many days up to the last one, where this source can play one; `None`: it cannot."""
        return None

    def texts(self) -> list[str]:
        """All that was written into it, where a secret may stand."""
        return [self.select]

    def values(self) -> Mapping[str, Any]:
        """The same by name, where a name such as `token` says that it is a secret."""
        return {}

    def hold(self, places: "Places", own: "Source") -> None:
        """Refuse to read what is not allowed to whoever typed it into a form.

        Args:
            places: what may be read; `lifecycle.reading.allowed`.
            own: the definition's own source.

        Raises:
            LifecycleError: it names something else.
        """
        raise places.refused(self.place())

    def described(self, code: Callable[[str], str]) -> str:
        """Where the rows come from, for a report; `code` sets a text as code."""
        return f"source {code(self.name)}"

    def limits(self, described: str) -> list[str]:
        """What the numbers of a report do not say because the rows come from here, one sentence each."""
        return []
