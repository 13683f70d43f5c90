"""The process that is the stack's Prefect server, with its interface and services: `python -m app.stack.prefect_server PORT`."""

import os
import signal
import sys

from app.prefect_process import guard, migrate, surround
from app.stack.parts import HOST
from lifecycle.settings import settings
from lifecycle.store import database, postgres


def main(port: int) -> None:
    """Serve until a signal comes, then let go of PostgreSQL."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    at = settings()
    found = database.connect(at)
    surround(at, found, port)
    migrate(at.home, found)
    import uvicorn
    from prefect.server.api.server import create_app

    app = guard(create_app(final=True), at, port)
    config = uvicorn.Config(app, host=HOST, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    try:
        uvicorn.Server(config).run()
    finally:
        postgres.release(at.home / "postgres")
        os._exit(0)  # threads of the services must not keep the port


if __name__ == "__main__":
    main(int(sys.argv[1]))
