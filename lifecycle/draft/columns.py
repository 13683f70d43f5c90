"""What is known of each column after its cells have been read: how often it is missing, how many values, which range."""

from dataclasses import dataclass, field
from typing import Any

from lifecycle import role
from lifecycle.draft import names, texts
from lifecycle.draft.cells import Cells
from lifecycle.draft.sample import Sample
from lifecycle.store.lake import literal, quoted

TOPS = 40
"""The commonest values that are remembered."""
SQL = {"int": "BIGINT", "float": "DOUBLE", "str": "VARCHAR", "bool": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP", "bytes": "BLOB"}


@dataclass
class ColumnProfile:
    """A column of the source, as the schema will have it.

    Attributes:
        came: its name in the source.
        name: its name in the schema.
        kind: DuckDB's type in the source.
        cells: how its cells are read.
        sql: what `select` makes of it; empty where it is taken as it comes.
        rows: that were looked at; `nulls` of them have no value.
        distinct: values that there are, about right where they are many.
        low, high: the least and the largest value.
        mean, deviation, zeros: of numbers; `zeros` counts the cells that are 0.
        tails: of numbers: the kurtosis, which is 0 for a normal distribution and large where a few values are far out.
        tops: the commonest values with their counts.
        words, length: of texts, on average.
        made: whether `select` makes it of other columns.
        given: whether the lake gives its cells: the source has no such column.
        roles: what it is in the schema.
        why: in a clause.
    """

    came: str
    name: str
    sql_type: str
    cells: Cells
    sql: str = ""
    rows: int = 0
    nulls: int = 0
    distinct: int = 0
    low: Any = None
    high: Any = None
    mean: float = 0.0
    deviation: float = 0.0
    zeros: int = 0
    tails: float = 0.0
    tops: list[tuple[Any, int]] = field(default_factory=list)
    words: float = 0.0
    length: float = 0.0
    made: bool = False
    given: bool = False
    roles: tuple[str, ...] = ("feature",)
    why: str = ""

    @property
    def type(self) -> str:
        """Of the schema; empty where a schema has none for it."""
        return self.cells.type

    @property
    def number(self) -> bool:
        """Whether it is measured or counted."""
        return self.type in ("int", "float")

    @property
    def moment(self) -> bool:
        """Whether it says when."""
        return self.type in ("date", "datetime")

    @property
    def feature(self) -> bool:
        """Whether a model sees it."""
        return any(role.find(name).feature for name in self.roles)


@dataclass
class Table:
    """A sample whose cells are read: the table `clean` of its connection has a column for each of these."""

    sample: Sample
    columns: list[ColumnProfile]
    null: tuple[str, ...] = ()
    """Texts that stand for nothing in every column of a text file."""

    def __getitem__(self, name: str) -> ColumnProfile:
        return next(column for column in self.columns if column.name == name)

    def having(self, role: str) -> list[ColumnProfile]:
        """The columns with a role."""
        return [column for column in self.columns if role in column.roles]

    def one(self, role: str) -> ColumnProfile | None:
        """The first column with a role."""
        return next(iter(self.having(role)), None)


def read(sample: Sample) -> Table:
    """Read the cells of a sample, and measure every column."""
    plain = names.identifiers(sample.columns)
    found = [ColumnProfile(name, plain[name], sql_type, texts.read(sample.connection, name, sql_type)) for name, sql_type in sample.columns.items()]
    text_file = sample.source.says_missing and all(sql_type == "VARCHAR" for sql_type in sample.columns.values())
    marks = tuple(sorted({mark for column in found for mark in column.cells.missing})) if text_file else ()
    for column in found:
        column.sql = column.cells.sql if text_file else _without_marks(column)
    table = Table(sample, found, marks)
    remake(table)
    return table


def remake(table: Table, changed: list[ColumnProfile] | None = None) -> None:
    """Make the table `clean` anew, and measure its columns, or those that changed."""
    held = [column for column in table.columns if column.type and not column.given]
    listed = ", ".join(f"{expression(table, column)} AS {quoted(column.name)}" for column in held)
    table.sample.connection.execute(f"CREATE OR REPLACE TABLE clean AS SELECT {listed or 'NULL AS nothing'} FROM came")
    _measure(table, held if changed is None else changed)


def expression(table: Table, column: ColumnProfile) -> str:
    """SQL for a column's typed cells over the table `came`; what has not the type is missing."""
    text = column.sql or (f"trim({quoted(column.came)})" if column.sql_type == "VARCHAR" else quoted(column.came))
    if table.null and column.sql_type == "VARCHAR":
        text = f"CASE WHEN trim({quoted(column.came)}) IN ({', '.join(map(literal, table.null))}) THEN NULL ELSE {text} END"
    if column.type == "float":
        return f"CASE WHEN isfinite(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) END"
    return f"TRY_CAST({text} AS {SQL[column.type]})"


def _without_marks(column: ColumnProfile) -> str:
    """For a source with types: a text column's blanks and marks are missing values."""
    if column.sql_type != "VARCHAR":
        return column.cells.sql
    text = quoted(column.came)
    if not column.cells.missing:
        return column.cells.sql
    return f"CASE WHEN trim({text}) NOT IN ({', '.join(map(literal, sorted(column.cells.missing)))}) THEN {column.cells.sql or text} END"


def _measure(table: Table, held: list[ColumnProfile]) -> None:
    connection = table.sample.connection
    if not held:
        return
    summary = connection.execute(f"SUMMARIZE SELECT {', '.join(quoted(column.name) for column in held)} FROM clean")
    heads = [head[0] for head in summary.description or ()]
    rows = {row[0]: dict(zip(heads, row, strict=True)) for row in summary.fetchall()}
    for column in held:
        of, name = rows[column.name], quoted(column.name)
        column.rows = table.sample.rows
        column.nulls, column.low, column.high, distinct = connection.execute(
            f"SELECT count(*) - count({name}), min({name}), max({name}), {of['approx_unique']}::BIGINT FROM clean"
        ).fetchall()[0]
        exact = column.rows <= 200_000 or distinct < 1_000 or distinct > 0.7 * column.rows
        column.distinct = int(connection.execute(f"SELECT count(DISTINCT {name}) FROM clean").fetchall()[0][0]) if exact else int(distinct)
        if column.type == "bytes":
            continue
        column.tops = connection.execute(
            f"SELECT {name}, count(*) FROM clean WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOPS}"
        ).fetchall()
        if column.number:
            column.mean, column.deviation = float(of["avg"] or 0), float(of["std"] or 0)
            column.zeros, column.tails = connection.execute(
                f"SELECT count(*) FILTER ({name} = 0), coalesce(kurtosis({name}), 0) FROM clean WHERE abs({name}) < 1e15"
            ).fetchall()[0]
        elif column.type == "str":
            column.words, column.length = connection.execute(
                f"SELECT coalesce(avg(len(string_split_regex(trim({name}), '\\s+'))), 0), coalesce(avg(length({name})), 0) FROM clean"
            ).fetchall()[0]
