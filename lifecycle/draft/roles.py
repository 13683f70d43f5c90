"""What each column is for, guessed from its values first and its name second; every guess says why."""

import re

from lifecycle import role as role_registry
from lifecycle.draft import vocabulary
from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.names import words

SAID = "as you say"
PUBLISHED = ({"train", "test"}, {"train", "val", "test"})


def constants(table: Table) -> None:
    """Leave out what has one value, none at all, or a type that no column of a schema can have."""
    for column in table.columns:
        if column.why:
            continue
        if not column.type:
            give(column, "", why=f"left out: a {column.sql_type} is no single value; take out of it what matters in `select`")
        elif column.type == "bytes" and not any(role.drafted(column) for role in role_registry.drafting()):
            give(column, "ignored", why="left out: bytes")
        elif column.nulls == column.rows:
            give(column, "ignored", why="left out: it has no value at all")
        elif column.distinct <= 1 and not column.nulls:
            give(column, "ignored", why="left out: it always says the same")


def published(table: Table, target: str) -> ColumnProfile | None:
    """The column in which a publisher says what is for training and what for testing."""
    for column in open_to(table, target):
        if column.type == "str" and {str(value) for value, _ in column.tops} in PUBLISHED and min(count for _, count in column.tops) >= 100:
            return column
    return None


def key(table: Table, target: str) -> ColumnProfile | None:
    """The column that tells every row from every other, and looks as if it were there for that."""
    unique, sample = _unique_rows(table), table.sample
    found = [column for column in open_to(table, target) if not column.nulls and column.distinct == unique and column.type in ("int", "str")]
    likely = [column for column in found if _likely_key(column) and sample.distinct.get(column.came, sample.total) > 0.9 * sample.total]
    return min(likely, key=lambda column: (not words(column.came) & vocabulary.IDENTIFYING, table.columns.index(column)), default=None)


def time(table: Table, target: str) -> ColumnProfile | None:
    """The column that says when the row happened."""
    moments = [column for column in open_to(table, target) if column.moment and column.distinct >= 10 and column.nulls <= column.rows * 0.01]
    moments = [column for column in moments if not words(column.came) & vocabulary.NOT_WHEN]
    return min(moments, key=lambda column: (_rank(column), column.nulls, table.columns.index(column)), default=None)


def group(table: Table, target: str) -> ColumnProfile | None:
    """Whose rows they are, where the same one comes again and again: a customer, a patient."""
    likely = [column for column in open_to(table, target) if column.type in ("int", "str") and _repeats(column)]
    return min(likely, key=lambda column: (not words(column.came) & vocabulary.WHOSE, -column.distinct), default=None)


def rest(table: Table, target: str) -> None:
    """What the roles find to be theirs: sensitive columns, free text, identifiers; what is left is a feature."""
    asked = role_registry.drafting()
    for column in open_to(table, target):
        for role in asked:
            if why := role.drafted(column):
                give(column, role.name, why=why)
                break


def coded(column: ColumnProfile) -> bool:
    """Whether its numbers are names: a rate code, a post code."""
    return column.type == "int" and 2 < column.distinct <= 1_000 and bool(words(column.came) & vocabulary.CODED)


def open_to(table: Table, target: str) -> list[ColumnProfile]:
    """The columns that have no role yet but that of a feature."""
    return [column for column in table.columns if column.roles == ("feature",) and not column.why and column.name != target]


def give(column: ColumnProfile, *roles: str, why: str) -> None:
    """Give a column its roles, once."""
    column.roles, column.why = tuple(role for role in roles if role), why


def repeated(table: Table, column: ColumnProfile) -> int:
    """How many rows have no value of their own in a column, or none at all; a row that is there twice counts once."""
    return max(_unique_rows(table) - column.distinct, 0) + column.nulls


def _unique_rows(table: Table) -> int:
    """Rows that differ from each other: a row that is there twice needs no key of its own."""
    return int(table.sample.connection.execute("SELECT count(*) FROM (SELECT DISTINCT * FROM clean)").fetchall()[0][0])


def _likely_key(column: ColumnProfile) -> bool:
    named = bool(words(column.came) & vocabulary.IDENTIFYING)
    if column.type == "str":
        return (named or column.rows > 50) and column.words < 2 and column.length <= 64
    run = int(column.high) - int(column.low) + 1 == column.rows  # they number the rows
    return named or (run and column.rows > 50) or (column.rows > 50 and int(column.low) > 1_000_000)


def _repeats(column: ColumnProfile) -> bool:
    named = words(column.came)
    if not (named & vocabulary.WHOSE or named & {"id", "uuid", "guid"}) or column.nulls > 0.2 * column.rows:
        return False
    return column.distinct > 20 and column.distinct > 0.002 * column.rows and column.rows >= 1.3 * column.distinct


def _rank(column: ColumnProfile) -> tuple[int, int]:
    known = words(column.came)
    place = next((number for number, word in enumerate(vocabulary.WHEN) if word in known), len(vocabulary.WHEN))
    return (0 if re.search("event|order|transaction|purchase|pickup|trans", column.came.lower()) and place < len(vocabulary.WHEN) else 1, place)
