"""Prefect's lock on a cache key, kept by PostgreSQL: two runs compute one thing once, and a killed one holds nothing."""

import threading
from typing import TYPE_CHECKING, Any

from lifecycle.errors import Outage
from lifecycle.store import locks
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    import psycopg

_held: dict[str, tuple[str, "psycopg.Connection[Any]"]] = {}
_guard = threading.Lock()


class PostgresLocks:
    """A `prefect.locking.protocol.LockManager` over session-level advisory locks: one connection for each lock that is held."""

    def acquire_lock(self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None) -> bool:
        """Wait for the lock, `acquire_timeout` seconds at most; `hold_timeout` does not apply: death releases."""
        with _guard:
            if key in _held and _held[key][0] == holder:
                return True
        try:
            connection = locks.take(_conninfo(), f"cache {key}", locks.LONG if acquire_timeout is None else acquire_timeout)
        except Outage:
            if acquire_timeout is None:
                raise
            return False
        with _guard:
            _held[key] = (holder, connection)
        return True

    async def aacquire_lock(self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None) -> bool:
        """As `acquire_lock`."""
        return self.acquire_lock(key, holder, acquire_timeout, hold_timeout)

    def release_lock(self, key: str, holder: str) -> None:
        """Free the lock."""
        with _guard:
            if key not in _held or _held[key][0] != holder:
                raise ValueError(f"the lock on {key} is not held by {holder}")
            connection = _held.pop(key)[1]
        connection.close()

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock."""
        import psycopg

        with psycopg.connect(_conninfo(), autocommit=True) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"cache {key}"]).fetchone()
            return not (row and row[0])

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether this holder of this process holds it."""
        with _guard:
            return key in _held and _held[key][0] == holder

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds it."""
        waiting = f"waiting for {key}"
        if not self.acquire_lock(key, waiting, timeout):
            return False
        self.release_lock(key, waiting)
        return True

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """As `wait_for_lock`."""
        return self.wait_for_lock(key, timeout)


def _conninfo() -> str:
    return lake().server.conninfo("lake")
