"""What the cells of a column are, and what becomes of those that are something else."""

from dataclasses import dataclass, field

import duckdb

from lifecycle.store.lake import quoted

MOSTLY = 0.9
"""The share of a column's cells that must be of a type for the column to be called so."""
MAX_SHARE_QUARANTINED = 0.01
"""The share of cells that may be quarantined for not being of their column's type; where it is more, they count as missing."""
WHAT = {"int": "numbers", "float": "numbers", "date": "dates", "datetime": "times"}
WANTED = {"int": "BIGINT", "float": "DOUBLE", "date": "DATE", "datetime": "TIMESTAMP"}


@dataclass(frozen=True)
class Cells:
    """How the cells of a column are read.

    Attributes:
        type: of the schema: `int`, `float`, `str`, `bool`, `date`, `datetime`; empty for what no column of a schema can hold.
        sql: what `select` makes of the column; empty where it is taken as it comes.
        said: what a reader should know of it, as clauses.
        missing: texts that stand for nothing, with how often each was found.
        lost: how many cells are not of the type.
        spoilt: some of these.
        dropped: whether these become missing; else their rows are quarantined.
    """

    type: str
    sql: str = ""
    said: tuple[str, ...] = ()
    missing: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    spoilt: tuple[str, ...] = ()
    dropped: bool = False


@dataclass(frozen=True)
class Odd:
    """The cells of the table `texts` that are not of a type: how many, and some of them."""

    count: int
    some: tuple[str, ...]

    def refused(self, kind: str) -> str:
        """What is said where their rows are quarantined."""
        return f"{self.count:,} cells are no {WHAT[kind]}, such as {listed(self.some)}: their rows are quarantined"

    def missed(self, kind: str) -> str:
        """What is said where they count as missing."""
        return f"{self.count:,} cells are no {WHAT[kind]}, such as {listed(self.some)}: they count as missing"


def odd(connection: duckdb.DuckDBPyConnection, condition: str) -> Odd:
    """The cells of `texts` (values `v`, each `n` times) for which a condition holds."""
    rows = connection.execute(f"SELECT v, n FROM texts WHERE {condition} ORDER BY n DESC, v").fetchall()
    return Odd(int(sum(row[1] for row in rows)), tuple(str(row[0])[:40] for row in rows[:3]))


def judged(name: str, kind: str, sql: str, said: str, total: int, others: Odd) -> Cells:
    """What becomes of the few cells that are not of the type: quarantined, or where they are more, missing."""
    plain = "" if sql == quoted(name) else sql
    words = (said,) if said else ()
    if not others.count:
        return Cells(kind, plain, words)
    if others.count <= MAX_SHARE_QUARANTINED * total:
        return Cells(kind, plain, (*words, others.refused(kind)), {}, others.count, others.some)
    return Cells(kind, f"TRY_CAST({sql} AS {WANTED[kind]})", (*words, others.missed(kind)), {}, others.count, others.some, True)


def listed(values: "list[str] | tuple[str, ...]") -> str:
    """Texts in quotes, one after the other."""
    return ", ".join(f"'{value}'" for value in values)
