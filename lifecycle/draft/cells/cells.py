"""What the cells of a column are, and what becomes of those that are something else."""

from dataclasses import dataclass, field

from lifecycle.store.lake import literal

MOSTLY = 0.9
"""The share of a column's cells that must be of a type for the column to be called so."""
MAX_SHARE_QUARANTINED = 0.01
"""The share of cells that may be quarantined for not being of their column's type; where it is more, they count as missing."""
WHAT = {"int": "numbers", "float": "numbers", "date": "dates", "datetime": "times"}
WANTED = {"int": "BIGINT", "float": "DOUBLE", "date": "DATE", "datetime": "TIMESTAMP"}


@dataclass(frozen=True)
class Extra:
    """A column made beside one, of what its cells hold besides the value: the unit, or that a value lies beyond a limit.

    Attributes:
        suffix: of its name.
        type: of the schema.
        sql: over the source's column.
        why: in a clause.
    """

    suffix: str
    type: str
    sql: str
    why: str


@dataclass(frozen=True)
class Cells:
    """How the cells of a column are read.

    Attributes:
        type: of the schema: `int`, `float`, `str`, `bool`, `date`, `datetime`; empty for what no column of a schema can hold.
        sql: what `select` makes of the column; empty where it is taken as it comes.
        said: what a reader should know of it, as clauses.
        missing: texts that stand for nothing, with how often each was found;
        kept: and those that could and are values here.
        lost: how many cells are not of the type.
        spoilt: some of these.
        dropped: whether these become missing; else their rows are quarantined.
        doubts: what else the cells could mean, each a kind of warning with its sentence.
        extras: columns made beside it.
    """

    type: str
    sql: str = ""
    said: tuple[str, ...] = ()
    missing: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    spoilt: tuple[str, ...] = ()
    dropped: bool = False
    doubts: tuple[tuple[str, str], ...] = ()
    extras: tuple[Extra, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Odd:
    """The cells that are not of a type: how many, and some of them."""

    count: int
    some: tuple[str, ...]

    def refused(self, kind: str) -> str:
        """What is said where their rows are quarantined."""
        return f"{self.count:,} cells are no {WHAT[kind]}, such as {listed(self.some)}: their rows are quarantined"

    def missed(self, kind: str) -> str:
        """What is said where they count as missing."""
        return f"{self.count:,} cells are no {WHAT[kind]}, such as {listed(self.some)}: they count as missing"


def judged(kind: str, column: str, sql: str, said: tuple[str, ...], total: int, others: Odd) -> Cells:
    """What becomes of the few cells that are not of the type: quarantined, or where they are more, missing.

    Args:
        kind: the type.
        column: SQL for the cell as it comes.
        sql: SQL that makes the type's text or value of it; `column` where nothing has to be made.
        said: how the others are written.
        total: cells with a value.
        others: those that are not of the type.
    """
    plain = "" if sql == column else sql
    if not others.count:
        return Cells(kind, plain, said)
    if others.count <= MAX_SHARE_QUARANTINED * total:
        keeps = plain if not plain or kind in ("int", "float") else f"coalesce({plain}::VARCHAR, {column})"  # so that quarantine can show it
        return Cells(kind, keeps, (*said, others.refused(kind)), {}, others.count, others.some)
    return Cells(kind, f"TRY_CAST({sql} AS {WANTED[kind]})", (*said, others.missed(kind)), {}, others.count, others.some, True)


def listed(values: "list[str] | tuple[str, ...]") -> str:
    """Texts in quotes, one after the other."""
    return ", ".join(f"'{value}'" for value in values)


def without(column: str, marks: "tuple[str, ...] | list[str]", sql: str = "") -> str:
    """SQL for a column in which some texts stand for nothing."""
    if not marks:
        return sql or column
    return f"CASE WHEN trim({column}) NOT IN ({', '.join(map(literal, sorted(marks)))}) THEN {sql or column} END"
