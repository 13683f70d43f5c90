"""Locks between processes: the kernel's on a file, PostgreSQL's by a name. Each falls with its holder; a wait is said, and has an end."""

import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lifecycle.errors import Outage

if TYPE_CHECKING:
    import psycopg

PATIENCE = 5.0
"""Seconds after which a wait is said."""
SHORT, LONG = 600.0, 6 * 3600.0
"""Seconds after which a wait ends: for what takes moments, and for what may be a training (as long as a stage may take)."""

log = logging.getLogger("lifecycle.locks")


def hold(file: Path, *, shared: bool = False, seconds: float = SHORT) -> IO[str]:
    """Lock a file, alone or with others that share it, until what is returned is closed.

    Raises:
        Outage: another process keeps it for longer than `seconds`.
    """
    opened = file.open("a")
    began, said, pause = time.monotonic(), False, 0.01
    while True:
        try:
            fcntl.flock(opened, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return opened
        except BlockingIOError:
            waited = time.monotonic() - began
        if waited > seconds:
            by = _holder(opened)
            opened.close()
            raise _late(str(file), by, seconds)
        if waited > PATIENCE and not said:
            log.warning("waiting for the lock %s, held by %s", file, _holder(opened))
            said = True
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


@contextmanager
def named(conninfo: str, name: str, seconds: float = LONG) -> Iterator["psycopg.Connection[Any]"]:
    """Hold a name over all processes and hosts that use a database; what is yielded is the connection that holds it.

    Raises:
        Outage: another process keeps it for longer than `seconds`.
    """
    with take(conninfo, name, seconds) as connection:
        yield connection


def take(conninfo: str, name: str, seconds: float = LONG) -> "psycopg.Connection[Any]":
    """As `named`, until the connection is closed."""
    import psycopg
    from psycopg import errors

    ours = f"lifecycle {os.getpid()} {socket.gethostname()}"[:63]  # what PostgreSQL keeps of it: how those who wait know who holds
    connection = psycopg.connect(conninfo, autocommit=True, application_name=ours)
    try:
        for wait in (min(PATIENCE, seconds), max(seconds - PATIENCE, 0.001)):
            connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{max(int(wait * 1000), 1)}ms"])
            try:
                connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
                connection.execute("SELECT set_config('lock_timeout', '0', false)")
                return connection
            except errors.LockNotAvailable:
                by = _keeper(connection, name)
                if wait == PATIENCE:
                    log.warning("waiting for '%s', held by %s", name, by)
        raise _late(f"'{name}'", by, seconds)
    except BaseException:
        connection.close()
        raise


def _late(what: str, by: str, seconds: float) -> Outage:
    return Outage(f"the lock {what} is held by {by}, and was not free within {seconds:,.0f} s; end that process, or try again later")


def _holder(file: IO[str]) -> str:
    """Who holds a kernel lock, as far as one may know."""
    import psutil

    inode = os.fstat(file.fileno()).st_ino
    try:
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]  # 1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF
        pids = [int(line[4]) for line in lines if line[1] == "FLOCK" and line[5].endswith(f":{inode}")]
        process = psutil.Process(pids[0])
        return f"process {process.pid} ({' '.join(process.cmdline())[-80:]}) since {time.strftime('%H:%M:%S', time.localtime(process.create_time()))} or later"
    except (OSError, IndexError, ValueError, psutil.Error):
        return "another process"


def _keeper(connection: "psycopg.Connection[Any]", name: str) -> str:
    """Who holds a name, by what it told PostgreSQL of itself."""
    row = connection.execute(
        """SELECT coalesce(nullif(activity.application_name, ''), 'backend ' || locks.pid), to_char(activity.state_change, 'HH24:MI:SS TZ')
        FROM pg_locks locks LEFT JOIN pg_stat_activity activity USING (pid)
        WHERE locks.locktype = 'advisory' AND locks.granted AND locks.objsubid = 1
          AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (locks.classid::bigint << 32 | locks.objid::bigint) = hashtextextended(%s, 0)""",
        [name],
    ).fetchone()
    if not row:
        return "a process that has just left it"
    program, *who = str(row[0]).split()
    told = f"process {who[0]} on {who[1]}" if program == "lifecycle" and len(who) == 2 else f"'{row[0]}'"
    return told + (f" since {row[1]}" if row[1] else "")
