"""What runs under the home folder, and its end."""

import argparse

from app import prefect_server
from app.answer import Answer
from lifecycle import postgres
from lifecycle.settings import settings


def down(options: argparse.Namespace) -> Answer:
    """`lifecycle down`: stop the Prefect server and PostgreSQL, whoever uses them."""
    home = settings().home
    stopped = [name for name, done in (("prefect", prefect_server.stop(home)), ("postgresql", postgres.stop(home / "postgres"))) if done]
    return Answer({"stopped": stopped}, f"stopped {' and '.join(stopped)}" if stopped else "nothing was running")
