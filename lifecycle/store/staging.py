"""Staging: folders under the home folder for what is on its way into the lake.

Each is locked by the process that made it, for as long as that lives; so a killed one's are known, and go.
"""

import fcntl
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lifecycle.settings import settings

KEPT_SECONDS = 24 * 3600
"""Seconds for which the newest folder without a process stays: the run that is started again after a kill goes on with it."""
HELD = ".held"
_held: dict[Path, IO[str]] = {}


def folder(kind: str) -> Path:
    """A new folder, held by this process; those that killed processes left under this kind are removed, but for the newest."""
    root = settings().home / "staging" / kind
    root.mkdir(parents=True, exist_ok=True)
    with _turn(root.parent):
        for gone in [path for path in _held if not path.exists()]:
            _held.pop(gone).close()
        _clear(root)
        made = root / uuid.uuid4().hex
        made.mkdir()
        _held[made] = (made / HELD).open("w")
        fcntl.flock(_held[made], fcntl.LOCK_EX)
    return made


@contextmanager
def _turn(root: Path) -> Iterator[None]:
    """One process at a time makes folders or removes them: a new one is never without its lock."""
    with (root / "turn").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _clear(root: Path) -> None:
    left = sorted((path for path in root.iterdir() if not in_use(path)), key=_changed)
    for path in left if left and time.time() - _changed(left[-1]) > KEPT_SECONDS else left[:-1]:
        shutil.rmtree(path, ignore_errors=True)


def in_use(path: Path) -> bool:
    """Whether a living process holds the folder. One without a lock is of an older version, or is being removed."""
    try:
        with (path / HELD).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _changed(path: Path) -> float:
    """When something was last made in it; long ago where it has gone since it was listed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
