"""A column of texts as a draft looks at it: its commonest cells by how often they come, and what holds for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from lifecycle.draft.cells.cells import Odd
from lifecycle.draft.cells.missing import MARKS
from lifecycle.store.lake import literal, quoted

SAMPLED = 50_000
"""Rows whose cells say how a column is written; of fewer all are looked at."""
MAX_VALUES = 2_000
"""Different cells of a column that are looked at one by one."""
SAMPLE = "came_sample"


@dataclass
class TextColumn:
    """A column of the table `came`.

    Attributes:
        name: in the source.
        value: SQL for its text, without spaces around it; `NULL` where there is none.
        values: different cells with how often they come in the sample, marks for what is missing left out.
        known: cells that hold something, marks included.
        blank: cells that hold nothing.
        marks: texts that may stand for nothing, with how often they come.
        missing: those of them that do.
    """

    connection: duckdb.DuckDBPyConnection
    name: str
    value: str
    values: list[tuple[str, int]] = field(default_factory=list)
    known: int = 0
    blank: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Cells that hold a value."""
        return self.known - sum(self.marks[mark] for mark in self.missing)

    @property
    def column(self) -> str:
        """SQL for the cell as it comes."""
        return quoted(self.name)

    @property
    def where(self) -> str:
        """SQL for whether a cell holds a value."""
        listed = ", ".join(literal(mark) for mark in self.missing)
        return f"{self.value} IS NOT NULL" + (f" AND {self.value} NOT IN ({listed})" if self.missing else "")

    def ask(self, *aggregates: str) -> tuple[int, ...]:
        """Aggregates over all cells that hold a value; each is SQL over the text `v`."""
        row = self.connection.execute(f"SELECT {', '.join(aggregates)} FROM (SELECT {self.value} AS v FROM came WHERE {self.where})").fetchall()[0]
        return tuple(row)

    def odd(self, condition: str) -> Odd:
        """The cells for which a condition over `v` holds."""
        rows = self.others(condition, 2_000)
        if len(rows) < 2_000:
            return Odd(sum(count for _, count in rows), tuple(text[:40] for text, _ in rows[:3]))
        return Odd(int(self.ask(f"count(*) FILTER ({condition})")[0]), tuple(text[:40] for text, _ in rows[:3]))

    def others(self, condition: str, most: int) -> list[tuple[str, int]]:
        """Different cells for which a condition over `v` holds, the commonest first."""
        return self.connection.execute(
            f"SELECT v, count(*) FROM (SELECT {self.value} AS v FROM came WHERE {self.where}) WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most}"
        ).fetchall()

    def mark(self, texts: Iterable[str]) -> bool:
        """Count the marks among some texts that are not known yet; returns whether there are any."""
        new = MARKS.intersection(texts) - self.marks.keys()
        if new:
            listed = ", ".join(map(literal, sorted(new)))
            rows = self.connection.execute(
                f"SELECT v, count(*) FROM (SELECT {self.value} AS v FROM came) WHERE v IN ({listed}) GROUP BY 1 ORDER BY 2 DESC, 1"
            ).fetchall()
            self.marks |= {str(text): int(count) for text, count in rows}
        return bool(new)

    def first(self, most: int) -> list[str]:
        """The first cells in the order of the source."""
        rows = self.connection.execute(f"SELECT {self.value} FROM came WHERE {self.where} LIMIT {most}").fetchall()
        return [str(row[0]) for row in rows]

    def sampled(self) -> list[tuple[str, int]]:
        """The values without the marks that stand for nothing."""
        return [(text, count) for text, count in self.values if text not in self.missing]


def text_columns(connection: duckdb.DuckDBPyConnection, values: dict[str, str], rows: int) -> list[TextColumn]:
    """Look at columns of the table `came`, which has so many rows; `values` has for each name SQL for its text."""
    found = [TextColumn(connection, name, value) for name, value in values.items()]
    if not found:
        return found
    sampled = f"(FROM came USING SAMPLE reservoir({SAMPLED} ROWS) REPEATABLE (3))" if rows > SAMPLED else "came"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {SAMPLE} AS SELECT {', '.join(quoted(name) for name in values)} FROM {sampled}")
    counted = connection.execute(f"SELECT {', '.join(f'count({each.value})' for each in found)} FROM came").fetchall()[0]
    for each, known in zip(found, counted, strict=True):
        each.known, each.blank = int(known), rows - int(known)
        each.values = [
            (str(text), int(count))
            for text, count in connection.execute(
                f"SELECT {each.value} AS v, count(*) FROM {SAMPLE} WHERE v IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, hash(v) LIMIT {MAX_VALUES}"
            ).fetchall()
        ]
        each.mark(text for text, _ in each.values)
    connection.execute(f"DROP TABLE {SAMPLE}")
    return found
