"""Who stands where by the promotions ledger, kept beside it in PostgreSQL: a look takes a millisecond, where the ledger takes thirty.

The ledger is the truth. Before a row is written to it the standing is marked as unsettled, after it it is settled: a kill
in between leaves the mark, and whoever sees it while nobody decides reads the ledger.
"""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.store import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

READ = "SELECT use_case, champion, previous, challenger, settled FROM lifecycle_standings"
MARK = """INSERT INTO lifecycle_standings (use_case, settled) VALUES (%s, false)
    ON CONFLICT (use_case) DO UPDATE SET settled = false"""
SETTLE = """INSERT INTO lifecycle_standings AS known (use_case, champion, previous, challenger, settled) VALUES (%s, %s, %s, %s, true)
    ON CONFLICT (use_case) DO UPDATE SET champion = excluded.champion, previous = excluded.previous, challenger = excluded.challenger, settled = true
    WHERE (known.champion, known.previous, known.challenger, known.settled)
        IS DISTINCT FROM (excluded.champion, excluded.previous, excluded.challenger, true)"""


@dataclass(frozen=True)
class Stands:
    """The versions of a use case that have a name."""

    champion: int | None = None
    previous: int | None = None
    challenger: int | None = None
    settled: bool = False
    """Whether this is what the ledger says; `False` while a decision is written, and after a kill in the middle of one."""


def deciding(use_case: str) -> str:
    """The name of the lock that whoever decides about a use case holds."""
    return f"promote {use_case}"


def mark(use_case: str) -> None:
    """Say that the ledger is about to be written."""
    with records.opened() as connection:
        connection.execute(MARK, [use_case])


def settle(use_case: str, champion: int | None, previous: int | None, challenger: int | None, at: "psycopg.Connection[Any] | None" = None) -> None:
    """Note what the ledger says. Only for who holds the lock of `deciding`."""
    with nullcontext(at) if at is not None else records.opened() as connection:
        connection.execute(SETTLE, [use_case, champion, previous, challenger])


def known(use_case: str) -> Stands | None:
    """What is noted of one use case; `None` where nothing was ever decided about it."""
    with records.opened() as connection:
        row = connection.execute(f"{READ} WHERE use_case = %s", [use_case]).fetchone()
    return Stands(*row[1:]) if row else None


def read(reader: records.Reader) -> dict[str, Stands]:
    """The standings of all use cases."""
    return {name: Stands(*stands) for name, *stands in reader.rows(READ)}


@contextmanager
def nobody_decides(connection: "psycopg.Connection[Any]", use_case: str) -> "Iterator[bool]":
    """Whether nobody decides about a use case; for as long as the context lasts nobody can begin to."""
    found = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [deciding(use_case)]).fetchone()
    mine = bool(found and found[0])
    try:
        yield mine
    finally:
        if mine:
            connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [deciding(use_case)])
