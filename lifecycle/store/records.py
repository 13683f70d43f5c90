"""What Lifecycle itself notes of models, in the lake's PostgreSQL: nobody who may write to MLflow alone can write here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lifecycle.settings import settings
from lifecycle.store import database
from lifecycle.store.database import Database, Purpose

if TYPE_CHECKING:
    import psycopg

TABLES = {
    "lifecycle_versions": """use_case text, version bigint, run_id text NOT NULL, reference text NOT NULL,
        registered_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (use_case, version)""",
    "lifecycle_standings": "use_case text PRIMARY KEY, champion bigint, previous bigint, challenger bigint, settled boolean NOT NULL",
    "lifecycle_erasures": """id uuid PRIMARY KEY, use_case text NOT NULL, what text NOT NULL, column_name text NOT NULL, salt text NOT NULL,
        hash text NOT NULL, began_at timestamptz NOT NULL, ended_at timestamptz, counts jsonb NOT NULL DEFAULT '{}',
        versions jsonb NOT NULL DEFAULT '[]'""",
}
"""Registered versions as references; who stands where by the promotions ledger, for a service that cannot read the ledger at every look; and
the receipts of what was erased."""


@contextmanager
def opened() -> "Iterator[psycopg.Connection[Any]]":
    """A connection to where the records are, their tables made."""
    import psycopg

    with psycopg.connect(database.connect(settings()).conninfo("lake"), autocommit=True, connect_timeout=10) as connection:
        prepare(connection)
        yield connection


def prepare(connection: "psycopg.Connection[Any]") -> None:
    """Make the tables that are not there."""
    there = connection.execute("SELECT count(to_regclass(name)) FROM unnest(%s::text[]) AS name", [list(TABLES)]).fetchone()
    if there and there[0] == len(TABLES):
        return
    connection.execute("SELECT pg_advisory_lock(hashtextextended('lifecycle records', 0))")  # two first ones at once would both make them
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")  # pyright: ignore[reportArgumentType, reportCallIssue]
    connection.execute("SELECT pg_advisory_unlock(hashtextextended('lifecycle records', 0))")


def reader() -> "Reader":
    """A connection to read them over."""
    return Reader(database.connect(settings()), "lake")


class Reader:
    """One connection to one of the databases, for one thread; made again after it broke."""

    def __init__(self, server: Database, purpose: Purpose) -> None:
        self._server = server
        self._purpose: Purpose = purpose
        self._connection: psycopg.Connection[Any] | None = None

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The result of a query.

        Raises:
            psycopg.Error: the database is away; the next call tries again.
        """
        import psycopg

        try:
            return self.connection().execute(query, values).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
        except psycopg.OperationalError:
            self.close()
            raise

    def connection(self) -> "psycopg.Connection[Any]":
        """The connection, with the tables of the records where these belong."""
        import psycopg

        if self._connection is None or self._connection.broken:
            made = psycopg.connect(self._server.conninfo(self._purpose), autocommit=True, connect_timeout=5)
            self._connection = made
            if self._purpose == "lake":
                prepare(made)
        return self._connection

    def close(self) -> None:
        """Leave the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
