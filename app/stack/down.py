"""`lifecycle down`: end what runs under the home folder, also what a killed process left."""

import argparse
import contextlib
import os
import signal
import time
from pathlib import Path

from app import prefect_server
from app.answer import Answer
from app.stack import parts, processes
from lifecycle.settings import settings
from lifecycle.store import postgres


def down(options: argparse.Namespace) -> Answer:
    """`lifecycle down`: the supervisor with its parts, parts without a supervisor, a run's own server, PostgreSQL."""
    home = settings().home
    steps = {
        "stack": lambda: _supervisor(home) or bool(processes.sweep(home)),
        "prefect": lambda: prefect_server.stop(home),
        "postgresql": lambda: postgres.stop(home / "postgres"),
    }
    stopped = [name for name, step in steps.items() if step()]
    return Answer({"stopped": stopped}, f"stopped {' and '.join(stopped)}" if stopped else "nothing was running")


def _supervisor(home: Path, seconds: float = 60) -> bool:
    """Ask the supervisor to end, and wait for it. Returns whether there was one."""
    if not parts.supervised(home):
        parts.note(home).unlink(missing_ok=True)
        return False
    pid = int(parts.noted(home)["pid"])
    until = time.monotonic() + seconds
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    while parts.supervised(home):
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    processes.sweep(home)
    return True
