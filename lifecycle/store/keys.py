"""Keys of those who may call the service: kept as hashes in the lake's PostgreSQL, so that every host knows them."""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings, settings
from lifecycle.store import database

if TYPE_CHECKING:
    import psycopg

TABLE = """CREATE TABLE IF NOT EXISTS lifecycle_keys (public text PRIMARY KEY, name text UNIQUE NOT NULL, sha256 bytea NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz)"""
FORM = re.compile(r"lk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True)
class Key:
    """What is known of a key; never the key itself."""

    public: str
    """The part of the key that finds it."""
    name: str
    sha256: bytes
    added_at: dt.datetime
    revoked_at: dt.datetime | None

    def fits(self, given: str) -> bool:
        """Whether this is the key, compared in constant time. A key has 256 random bits: one plain hash keeps them."""
        return hmac.compare_digest(hashed(given), self.sha256) and self.revoked_at is None


def hashed(key: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def add(name: str) -> str:
    """Make a key. What is returned is shown once and kept nowhere.

    Raises:
        LifecycleError: the name is not one, or is taken.
    """
    if not NAME.fullmatch(name):
        raise LifecycleError(f"the name of a key is letters, digits and . _ @ -, at most 64, found '{name[:80]}'; name who will use it")
    public = secrets.token_hex(6)
    key = f"lk_{public}_{secrets.token_urlsafe(32)}"
    with _open(settings()) as connection:
        made = connection.execute(
            "INSERT INTO lifecycle_keys (public, name, sha256) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING", [public, name, hashed(key)]
        )
        if not made.rowcount:
            raise LifecycleError(f"there is a key named '{name}' already; choose another name, or revoke and forget that one first")
    return key


def every() -> list[Key]:
    """All keys, the oldest first, the revoked ones included."""
    with _open(settings()) as connection:
        return read(connection)


def revoke(name: str) -> None:
    """Make a key worthless; running services know within seconds.

    Raises:
        LifecycleError: there is no such key, or it is revoked already.
    """
    with _open(settings()) as connection:
        done = connection.execute("UPDATE lifecycle_keys SET revoked_at = now() WHERE name = %s AND revoked_at IS NULL", [name])
        if not done.rowcount:
            known = ", ".join(key.name for key in read(connection) if key.revoked_at is None) or "none"
            raise LifecycleError(f"there is no key named '{name}' to revoke; the keys are: {known}")


def forget() -> list[str]:
    """Delete the revoked keys, so that their names are free. Without any key left, a service on this machine is open again."""
    with _open(settings()) as connection:
        return [row[0] for row in connection.execute("DELETE FROM lifecycle_keys WHERE revoked_at IS NOT NULL RETURNING name").fetchall()]


def read(connection: "psycopg.Connection[Any]") -> list[Key]:
    """All keys, over a connection that is there."""
    rows = connection.execute("SELECT public, name, sha256, added_at, revoked_at FROM lifecycle_keys ORDER BY added_at, name").fetchall()
    return [Key(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in rows]


def connect(at: Settings) -> "psycopg.Connection[Any]":
    """A connection to where the keys are; the table is made where it is missing."""
    import psycopg

    connection = psycopg.connect(database.connect(at).conninfo("lake"), autocommit=True, connect_timeout=10)
    try:
        there = connection.execute("SELECT to_regclass('lifecycle_keys')").fetchone()
        if not there or there[0] is None:
            connection.execute("SELECT pg_advisory_lock(hashtextextended('lifecycle_keys', 0))")
            connection.execute(TABLE)
            connection.execute("SELECT pg_advisory_unlock(hashtextextended('lifecycle_keys', 0))")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _open(at: Settings) -> "Iterator[psycopg.Connection[Any]]":
    connection = connect(at)
    try:
        yield connection
    finally:
        connection.close()
