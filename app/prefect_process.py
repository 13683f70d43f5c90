"""The process that is the shared Prefect server: `python -m app.prefect_process SOCKET DESCRIPTION` (file descriptors)."""

import asyncio
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import prefect_server
from lifecycle import database, postgres
from lifecycle.database import Database
from lifecycle.settings import settings

if TYPE_CHECKING:
    import psycopg
    import uvicorn


def main(listening: int, description: int) -> None:
    """Serve until nobody is left, then let go of PostgreSQL."""
    for given in (listening, description):
        os.set_inheritable(given, False)  # PostgreSQL, started from here, must not keep them open
    import uvicorn

    at = settings()
    at_database = database.connect(at)
    serving: list[uvicorn.Server] = []
    threading.Thread(target=_watch, args=(at.home, serving), daemon=True).start()
    os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = at_database.url("prefect", "asyncpg")
    os.environ["PREFECT_SERVER_DATABASE_MIGRATE_ON_START"] = "false"
    _migrate(at.home, at_database)
    from prefect.server.api.server import create_app

    # Without a worker there is nothing to schedule, to mark as late or to clean up: no such loops, no web pages.
    app = create_app(ephemeral=True, final=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
    serving.append(server)
    server.run(sockets=[socket.socket(fileno=listening)])


def _migrate(home: Path, at: Database) -> None:
    """Bring Prefect's tables up to date; looking through its migrations is skipped where they were run before."""
    import psycopg
    from prefect import __version__

    marker = home / "prefect" / "migrated"
    with psycopg.connect(at.conninfo("prefect"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('migrate', 0))")
        if not (marker.exists() and marker.read_text() == f"{__version__} {_revision(connection)}"):
            from prefect.server.database import provide_database_interface

            asyncio.run(provide_database_interface().create_db())
            marker.write_text(f"{__version__} {_revision(connection)}")


def _revision(connection: "psycopg.Connection[Any]") -> str:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return ""
    return " ".join(row[0] for row in connection.execute("SELECT version_num FROM alembic_version"))


def _watch(home: Path, serving: "list[uvicorn.Server]") -> None:
    """End the process when nobody is left: at once while it still starts, else as a server should."""
    while not _left(home):
        time.sleep(1)
    for server in serving:
        server.should_exit = True
        time.sleep(10)  # a request that does not end must not keep the server
    postgres.release(home / "postgres")
    os._exit(0)


def _left(home: Path) -> bool:
    try:
        return prefect_server.last_one_left(home)
    except FileNotFoundError:  # somebody deleted the home folder
        return True


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
