"""What is known of each column after its cells have been read: how often it is missing, how many values, which range."""

from dataclasses import dataclass, field, replace
from typing import Any

from lifecycle import role
from lifecycle.draft import names
from lifecycle.draft.cells import missing, reading
from lifecycle.draft.cells.cells import Cells, Extra, listed, without
from lifecycle.draft.sample import Sample
from lifecycle.reading.cells import bounded, in_utc
from lifecycle.store.lake import quoted

TOPS = 40
"""The commonest values that are remembered."""
SQL = {"int": "BIGINT", "float": "DOUBLE", "str": "VARCHAR", "bool": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP", "bytes": "BLOB"}


@dataclass
class ColumnProfile:
    """A column of the source, as the schema will have it.

    Attributes:
        came: its name in the source; empty where `select` makes it of others.
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
        given: whether the lake gives its cells: the source has no such column.
        roles: what it is in the schema.
        why: in a clause.
        trap: the kind of the warning for which it was taken from the inputs.
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
    given: bool = False
    roles: tuple[str, ...] = ("feature",)
    why: str = ""
    trap: str = ""

    @property
    def type(self) -> str:
        """Of the schema; empty where a schema has none for it."""
        return self.cells.type

    @property
    def made(self) -> bool:
        """Whether `select` makes it of other columns."""
        return not self.came and not self.given

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


def read(sample: Sample, identifiers: frozenset[str] = frozenset()) -> Table:
    """Read the cells of a sample, and measure every column; `identifiers` are columns that the caller says are keys or groups."""
    plain = names.identifiers(sample.columns)
    trimmed = "nullif(trim({}), '')" if sample.flat else "{}"  # what was nested no reader has trimmed
    cells = reading.read(sample.connection, sample.columns, sample.rows, sample.usual_decimal, identifiers, trimmed)
    found = [ColumnProfile(name, plain[name], sql_type, cells[name]) for name, sql_type in sample.columns.items()]
    text_file = sample.source.says_missing and all(sql_type == "VARCHAR" for sql_type in sample.columns.values())
    marks = _marks_of_all(found) if text_file else ()
    for column in found:
        column.sql = column.cells.sql
        if own := [mark for mark in column.cells.missing if mark not in marks]:
            column.sql = without(quoted(column.came), own, column.sql)
            column.cells = replace(column.cells, said=(*column.cells.said, f"{listed(own)} count{'s' * (len(own) == 1)} as missing"))
    taken = set(plain.values())
    found += [_made(column, extra, taken) for column in found for extra in column.cells.extras]
    table = Table(sample, found, marks)
    remake(table)
    return table


def _marks_of_all(found: list[ColumnProfile]) -> tuple[str, ...]:
    """The texts that stand for nothing in every column in which they are."""
    marks = {mark for column in found for mark in column.cells.missing}
    return tuple(sorted(marks - {mark for column in found for mark in column.cells.kept} - missing.OF_NUMBERS))


def _made(column: ColumnProfile, extra: Extra, taken: set[str]) -> ColumnProfile:
    """The column that `select` makes beside another."""
    name = names.free(f"{column.name}_{extra.suffix}", taken)
    taken.add(name)
    return ColumnProfile("", name, "", Cells(extra.type, extra.sql, (extra.why,)), extra.sql)


def remake(table: Table, changed: list[ColumnProfile] | None = None) -> None:
    """Make the table `clean` anew, and measure its columns, or those that changed."""
    held = [column for column in table.columns if column.type and not column.given]
    listed = ", ".join(f"{expression(table, column)} AS {quoted(column.name)}" for column in held)
    table.sample.connection.execute(f"CREATE OR REPLACE TABLE clean AS SELECT {listed or 'NULL AS nothing'} FROM came")
    _measure(table, held if changed is None else changed)


def expression(table: Table, column: ColumnProfile) -> str:
    """SQL for a column's typed cells over the table `came`; what has not the type is missing."""
    text = column.sql or (f"trim({quoted(column.came)})" if column.sql_type == "VARCHAR" else quoted(column.came))
    if column.type == "datetime" and column.sql_type == "VARCHAR" and not column.sql:
        text = in_utc(text)
    if column.sql_type == "VARCHAR":
        text = without(quoted(column.came), table.null, text)
    if column.type == "float":
        return bounded(f"TRY_CAST({text} AS DOUBLE)")
    return f"TRY_CAST({text} AS {SQL[column.type]})"


def _measure(table: Table, held: list[ColumnProfile]) -> None:
    """Count the values of columns, and what they are like: ranges, spreads, lengths, the commonest."""
    connection, rows = table.sample.connection, table.sample.rows
    for column in held:
        name, column.rows = quoted(column.name), rows
        spread = f"coalesce(avg({name}), 0), coalesce(stddev({name}), 0), count(*) FILTER ({name} = 0), coalesce(kurtosis({name}) FILTER (abs({name}) < 1e15), 0)"
        lengths = f"coalesce(avg(len(string_split_regex(trim({name}), '\\s+'))), 0), coalesce(avg(length({name})), 0)"
        more = f", {spread}" if column.number else f", {lengths}" if column.type == "str" else ""
        column.nulls, column.low, column.high, distinct, *measured = connection.execute(
            f"SELECT count(*) - count({name}), min({name}), max({name}), approx_count_distinct({name}){more} FROM clean"
        ).fetchall()[0]
        if column.number:
            column.mean, column.deviation, column.zeros, column.tails = measured
        elif column.type == "str":
            column.words, column.length = measured
        exact = rows <= 200_000 or distinct < 1_000 or distinct > 0.7 * rows
        column.distinct = int(connection.execute(f"SELECT count(DISTINCT {name}) FROM clean").fetchall()[0][0]) if exact else int(distinct)
        if column.type != "bytes":
            column.tops = connection.execute(
                f"SELECT {name}, count(*) FROM clean WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOPS}"
            ).fetchall()
