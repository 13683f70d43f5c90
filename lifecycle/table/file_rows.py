"""The rows of a file that is to be answered: read like a source, typed, and judged as a request is; nothing of them goes into the lake."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from lifecycle.columns import Columns, broken, parsed
from lifecycle.errors import DataError
from lifecycle.reading import credentials, level, rejects, relations
from lifecycle.reading.increments import New
from lifecycle.reading.reader import Reader
from lifecycle.reading.rejects import REJECTS
from lifecycle.source import PLAIN, Source
from lifecycle.sources import spelling
from lifecycle.store import staging
from lifecycle.store.lake import lake, literal, quoted
from lifecycle.table import casting
from lifecycle.table.batch_reader import STAGED, staged
from lifecycle.table.quarantine import UNREADABLE, cell

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

ABSENT = re.compile(r'(?:Referenced column "([^"]+)" not found|Column "([^"]+)" in (?:EXCLUDE|REPLACE) list not found)')
"""How DuckDB names the column that a `select` asks for and the rows lack."""
PLACE, LINE, COLUMN, CHECK, VALUE = "_row", "_line", "_column", "_check", "_value"
"""The columns of what is refused, beside the row as it came: its place among the rows from 1, its line in the file, and why."""
REFUSED = {PLACE: pl.Int64, LINE: pl.Int64, COLUMN: pl.String, CHECK: pl.String, VALUE: pl.String}
MOST_HEADS = 50
"""So many lines at the top of a file may stand over its header."""


@dataclass(frozen=True)
class Asked:
    """A column that a row must bring, by the rules of a request."""

    name: str
    optional: bool
    """Whether the file may lack it."""
    nullable: bool


@dataclass
class FileRows:
    """The rows of a file, staged. What is refused grows while the valid ones are read."""

    name: str
    rows: int
    """All rows that came, those that are refused included."""
    folder: Path
    use_case: "UseCase"
    asked: Sequence[Asked]
    lines: list[int]
    """The line of each row in the file; empty where rows and lines cannot be matched."""
    refused: list[pl.DataFrame]
    """Frames of `REFUSED` with the cells of the rows as they came, as texts."""

    def valid(self, most: int) -> Iterator[pl.DataFrame]:
        """The valid rows in their order, some at a time: `_row` and the columns asked for. Read once."""
        wanted = ", ".join(quoted(each.name) for each in self.asked)
        reader = lake().aside().execute(f"SELECT _row, {wanted} FROM ({staged(self.folder)}) WHERE _bad IS NULL").to_arrow_reader(most)
        for batch in reader:
            frame = pl.DataFrame(pl.from_arrow(batch))
            frame = frame.with_columns(pl.col(each.name).cast(self.use_case.columns[each.name].dtype) for each in self.asked)
            wrong = self._wrong(frame)
            if not wrong.is_empty():
                cells = frame.with_columns(pl.col(each.name).cast(pl.String, strict=False) for each in self.asked if _texts(frame.schema[each.name]))
                self._refuse(wrong, cells.join(wrong.select(PLACE).unique(), on=PLACE, how="semi").select(PLACE, *_named(self.asked, cells)))
                frame = frame.join(wrong, on=PLACE, how="anti", maintain_order="left")
            yield frame

    def refuse_unread(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Take up the lines that are no rows, and the rows with cells of another type."""
        unread = cursor.execute(f"SELECT * FROM read_parquet({literal(str(self.folder / 'rejects.parquet'))}) ORDER BY row").pl()
        if not unread.is_empty():
            lines = unread.select(
                pl.lit(None, pl.Int64).alias(PLACE), pl.col("row").cast(pl.Int64).alias(LINE), pl.col("column").cast(pl.String).alias(COLUMN),
                (pl.lit(UNREADABLE) + pl.col("check")).alias(CHECK), pl.col("record").alias(VALUE),
            )  # fmt: skip
            self.refused.append(lines)
        bad = f"(SELECT _row, _record, _bad FROM ({staged(self.folder)}) WHERE _bad IS NOT NULL)"
        typed = cursor.execute(f"""SELECT _row, cell."column" AS {COLUMN}, 'type ' || cell.type AS {CHECK}, cell.value AS {VALUE}
            FROM (SELECT _row, unnest(_bad) AS cell FROM {bad}) ORDER BY _row""").pl()
        if not typed.is_empty():
            keys = cursor.execute(f"SELECT DISTINCT json_keys(_record) FROM {bad}").fetchall()
            names = [name for name in dict.fromkeys(name for (found,) in keys for name in found) if name not in REFUSED]
            cells = ", ".join(f"{cell('_record', name)} AS {quoted(name)}" for name in names)
            self._refuse(typed, cursor.execute(f"SELECT _row, {cells} FROM {bad} ORDER BY _row").pl())

    def _wrong(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Why rows break the rules of a request: `_row`, `_column`, `_check`, `_value`, one line a cell."""
        there = {each.name: each for each in self.asked}
        nothing = pl.lit(None)
        whole = frame.select(
            (pl.col(column.name) if column.name in there else nothing.cast(column.dtype)).alias(column.name) for column in self.use_case.columns.all
        )
        cases = broken(parsed(self.use_case.schema), whole)
        if cases.is_empty():
            return pl.DataFrame(schema={PLACE: pl.Int64, COLUMN: pl.String, CHECK: pl.String, VALUE: pl.String})
        allowed = [name for name in self.use_case.columns.names if name not in there]
        empty = [each.name for each in self.asked if each.nullable]
        cases = cases.filter(~pl.col("column").is_in(allowed), ~(pl.col("column").is_in(empty) & (pl.col("check") == "not_nullable")))
        if not cases.filter(pl.col("index").is_null()).is_empty():
            raise self.use_case.wrong(f"the check '{cases['check'][0]}' of column '{cases['column'][0]}' is not of single rows")
        return cases.select(
            frame[PLACE].gather(cases["index"].cast(pl.Int64)).alias(PLACE),
            pl.col("column").cast(pl.String).alias(COLUMN),
            pl.col("check").cast(pl.String).alias(CHECK),
            pl.col("failure_case").cast(pl.String).alias(VALUE),
        )

    def _refuse(self, wrong: pl.DataFrame, cells: pl.DataFrame) -> None:
        """Keep rows with all that is wrong with them, and their cells."""
        told = wrong.group_by(PLACE, maintain_order=True).agg(
            *(pl.col(name).cast(pl.String).fill_null("").str.join("; ") for name in (COLUMN, CHECK, VALUE))
        )
        told = told.with_columns(pl.Series(LINE, [self.line(place) for place in told[PLACE].to_list()], pl.Int64))
        texts = cells.with_columns(pl.exclude(PLACE).cast(pl.String, strict=False))
        self.refused.append(told.select(PLACE, LINE, COLUMN, CHECK, VALUE).join(texts, on=PLACE, how="left", maintain_order="left"))

    def line(self, place: int) -> int | None:
        """The line of a row in its file, where that is known."""
        return self.lines[place - 1] if self.lines else None


@contextmanager
def opened(use_case: "UseCase", file: str, asked: Sequence[Asked]) -> Iterator[FileRows]:
    """The rows of a file, or of whatever else can be typed in a source's place; the copies are gone at the end.

    Raises:
        LifecycleError: it is not there, cannot be read, or lacks a column that a row must bring.
    """
    origin, cursor = spelling.chosen(use_case, file), lake().cursor()
    folder = staging.folder(use_case.name)
    columns = Columns(tuple(use_case.columns[each.name] for each in asked))
    try:
        with relations.opened(cursor, folder / "copies", frozenset(columns.names)) as reader:
            try:
                names = _stage(reader, use_case, origin, columns, asked, folder / "rows.parquet")
            except duckdb.Error as error:
                if reader.failed:
                    raise reader.failed from None
                said = credentials.hidden(" ".join(str(error).partition("LINE 1:")[0].split()))[:500]
                raise DataError(f"use case '{use_case.name}': the file {origin.name} cannot be read: {said}; fix it") from None
            cursor.execute(f"COPY {REJECTS} TO {literal(str(folder / 'rejects.parquet'))} (FORMAT parquet)")
            read, unread = (
                int(cursor.execute(f"SELECT count(*) FROM read_parquet({literal(str(folder / name))})").fetchall()[0][0])
                for name in ("rows.parquet", "rejects.parquet")
            )
            rejected = {int(line) for (line,) in cursor.execute(f"SELECT DISTINCT row FROM {REJECTS}").fetchall()}
            lines = _lines(reader, names, read, rejected)
        found = FileRows(origin.name, read + unread, folder, use_case, asked, lines, [])
        found.refuse_unread(cursor)
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stage(reader: Reader, use_case: "UseCase", origin: Source, columns: Columns, asked: Sequence[Asked], to: Path) -> list[str]:
    """Write the typed rows. Returns the columns of the file."""
    while True:
        came, query = _relation(reader, use_case, origin)
        there = {name: kind for name, kind, *_ in reader.cursor.execute(f"DESCRIBE ({query})").fetchall()}
        missing = [each.name for each in asked if each.name not in there and not each.optional]
        if missing:
            raise DataError(
                f"use case '{use_case.name}': the file {origin.name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"
                f" (it has {', '.join(came)}); a row to be answered has {', '.join(each.name for each in asked)}"
            )
        query = level.spelled(query, there, columns, derived=origin.select != PLAIN)
        reader.cursor.execute(f"COPY ({casting.typed(use_case, there, query, columns)}) TO {literal(str(to))} ({STAGED})")
        if not rejects.keep(reader):
            return came


def _relation(reader: Reader, use_case: "UseCase", origin: Source) -> tuple[list[str], str]:
    """The columns of a file, and SQL for its rows after the source's `select`, to which what only the past has (the target) is missing."""
    plain = origin.cleaned(PLAIN)
    rejects.begin(reader.cursor)
    rows = plain.read(reader, New())
    came = [name for name, *_ in reader.cursor.execute(f"DESCRIBE ({rows})").fetchall()]
    if origin.select == PLAIN or plain is origin or plain == origin:
        return came, rows
    absent: list[str] = []
    while True:
        query = relations.selected(rows, origin.select)
        try:
            reader.cursor.execute(f"DESCRIBE ({query})").fetchall()
        except duckdb.BinderException as error:
            found = ABSENT.search(str(error))
            name = (found[1] or found[2]) if found else ""
            if not name or name in absent or any(name == column.name and column.requested for column in use_case.columns.all):
                raise
            absent.append(name)
            rows = f"SELECT *, NULL::VARCHAR AS {quoted(name)} FROM ({rows})"
            continue
        return came, query


def _lines(reader: Reader, names: Sequence[str], rows: int, rejected: set[int]) -> list[int]:
    """The line of each row in a text file, where one line is one row; else nothing."""
    ready = [made for made in reader.ready.values() if isinstance(made, tuple) and len(made) == 2]
    if len(ready) != 1 or ready[0][0] not in ("csv", "json"):
        return []
    try:
        with Path(ready[0][1]).open(encoding="utf-8", errors="replace") as stream:
            heads = -1
            if ready[0][0] == "csv":
                first = [line for _, line in zip(range(MOST_HEADS), stream, strict=False)]
                heads = next((at for at, line in enumerate(first) if all(name in line for name in names)), -1)
                stream.seek(0)
            found = [at + 1 for at, line in enumerate(stream) if at > heads and at + 1 not in rejected and line.strip()]
    except OSError:
        return []
    return found if len(found) == rows else []


def _texts(dtype: pl.DataType) -> bool:
    return dtype != pl.Binary


def _named(asked: Sequence[Asked], cells: pl.DataFrame) -> list[str]:
    return [each.name for each in asked if _texts(cells.schema[each.name])]
