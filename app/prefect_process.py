"""The process that is the shared Prefect server: `python -m app.prefect_process SOCKET DESCRIPTION` (file descriptors)."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from app import login, prefect_server
from app.login_guard import PREFECT, Guarded, Hosts
from lifecycle.errors import LifecycleError
from lifecycle.faults import plain
from lifecycle.settings import Settings, settings
from lifecycle.store import database, locks, postgres
from lifecycle.store.database import Database

if TYPE_CHECKING:
    import psycopg
    import uvicorn


def main(listening: int, description: int) -> None:
    """Serve until nobody is left, then let go of PostgreSQL."""
    gc.set_threshold(50_000, 20, 100)  # as in app/cli.py: Prefect's server is mostly imports when it starts
    for given in (listening, description):
        os.set_inheritable(given, False)  # PostgreSQL, started from here, must not keep them open
    import uvicorn

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn passes the signal on in the end: PostgreSQL is let go first
    at = settings()
    at_database = database.connect(at)
    serving: list[uvicorn.Server] = []
    threading.Thread(target=_watch, args=(at.home, serving, _postmaster(at.home)), daemon=True).start()
    port = socket.socket(fileno=os.dup(listening)).getsockname()[1]
    surround(at, at_database, port)
    migrate(at.home, at_database)
    from prefect.server.api.server import create_app

    # Without a worker there is nothing to schedule, to mark as late or to clean up: no such loops, no web pages.
    app = guard(create_app(ephemeral=True, final=True), at, port)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
    serving.append(server)
    try:
        server.run(sockets=[socket.socket(fileno=listening)])
    finally:
        _leave(at.home)


def surround(at: Settings, at_database: Database, port: int) -> None:
    """Tell Prefect, before it is imported, where its tables are and that only who has the login is answered."""
    os.environ |= {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": at_database.url("prefect", "asyncpg"),
        "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,orphans",  # runs go by `maintain`, which leaves those with the newest artifacts
        "PREFECT_SERVER_API_AUTH_STRING": login.auth(at.home),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
    }


def guard(app: Any, at: Settings, port: int) -> Guarded:
    """Prefect's server as it stands on a port: for its own pages and for who has the login."""
    return Guarded(app, auth=login.auth(at.home), hosts=Hosts(at.allowed_hosts, port), rules=PREFECT)


def migrate(home: Path, at: Database) -> None:
    """Bring Prefect's tables up to date; looking through its migrations is skipped where they were run before."""
    from prefect import __version__

    marker = home / "prefect" / "migrated"
    with locks.named(at.conninfo("prefect"), "migrate", locks.SHORT) as connection:
        if not (marker.exists() and marker.read_text() == f"{__version__} {_revision(connection)}"):
            from prefect.server.database import provide_database_interface

            asyncio.run(provide_database_interface().create_db())
            marker.write_text(f"{__version__} {_revision(connection)}")


def _revision(connection: "psycopg.Connection[Any]") -> str:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return ""
    return " ".join(row[0] for row in connection.execute("SELECT version_num FROM alembic_version"))


def _watch(home: Path, serving: "list[uvicorn.Server]", postmaster: int | None) -> None:
    """End the process when nobody is left: at once while it still starts, else as a server should."""
    try:
        while not prefect_server.last_one_left(home):
            time.sleep(1)
            if postgres.died(home / "postgres"):
                with contextlib.suppress(LifecycleError):  # its log says why; it is tried again
                    postgres.revive(home / "postgres")
                    postmaster = _postmaster(home)
    except FileNotFoundError:  # somebody deleted the home folder: PostgreSQL would notice in a minute, and then remove
        if postmaster:  # the socket of its successor
            os.kill(postmaster, signal.SIGQUIT)
    for server in serving:
        server.should_exit = True
        time.sleep(10)  # a request that does not end must not keep the server
    _leave(home)


def _leave(home: Path) -> NoReturn:
    """Stop PostgreSQL if nobody else uses it, and end at once: somebody may be waiting for it."""
    postgres.release(home / "postgres")
    os._exit(0)


def _postmaster(home: Path) -> int | None:
    """The process of the embedded PostgreSQL, if it is in use."""
    file = home / "postgres" / "data" / "postmaster.pid"
    return int(file.read_text().split()[0]) if file.exists() else None


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except Exception as error:
        if told := plain(error):
            sys.exit(f"{prefect_server.SAYS}{told}")
        raise
