"""A run whose Prefect server is ended from elsewhere ends too, with one sentence: what its libraries would say of it is no help."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import prefect_server
from lifecycle.settings import Settings
from lifecycle.store import postgres

PAUSE_SECONDS = 0.5
FAILED = 1
SAID = "the Prefect server of this run was ended, by 'lifecycle down' or a kill; run it again: finished stages are not repeated"


@contextmanager
def watched(at: Settings, url: str) -> Iterator[None]:
    """Look after a server of this home while the block runs. One of yours is not ours to judge."""
    over = threading.Event()
    if prefect_server.own(at.home, url):
        threading.Thread(target=_watch, args=(at.home, url, over), name="lost", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(home: Path, url: str, over: threading.Event) -> None:
    while not over.wait(PAUSE_SECONDS):
        if not prefect_server.own(home, url) and not prefect_server.answers(url) and not over.is_set():
            _end(home)


def _end(home: Path) -> None:
    """End at once, as after a kill: the run's state is in the database, and there is nobody left to be told."""
    show = "\x1b[?25h\n" if sys.stderr.isatty() else ""  # the live list hides the cursor
    print(f"{show}lifecycle: {SAID}", file=sys.stderr, flush=True)
    postgres.release(home / "postgres")
    os._exit(FAILED)
