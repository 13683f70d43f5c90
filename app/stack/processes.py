"""The processes of a stack: started with their words in a log, found and ended again whoever started them.

Every process gets a mark in its environment, which its children inherit. A killed parent cannot take it along: by the
mark `lifecycle down` finds what belongs to a home folder.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

MARK = "LIFECYCLE_STACK"
ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds that a process gets to end by itself."""


def start(home: Path, name: str, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a marked process of this Python: `command` is what follows `python -m`. Its words go to `logs/NAME.log`."""
    log = log_file(home, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    marked = {**os.environ, "PYTHONPATH": _path(), "PWD": str(ROOT), **environment, MARK: str(home)}
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env=marked,
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends its processes in their order
        )


def worked(pid: int) -> float:
    """Seconds of a processor that a process and its children have used; 0 where it is gone."""
    import psutil

    found = _process(pid)
    try:
        family = [found, *found.children(recursive=True)] if found else []
        return sum(sum(each.cpu_times()[:2]) for each in family)
    except psutil.Error:
        return 0.0


def log_file(home: Path, name: str) -> Path:
    """Where the words of a process go."""
    return home / "logs" / f"{name}.log"


def end(pids: list[int], seconds: float = PATIENCE) -> None:
    """Ask processes to end, and make them end if they do not."""
    import psutil

    there = [process for pid in pids if (process := _process(pid))]
    for process in there:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, left = psutil.wait_procs(there, seconds)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, 5)


def sweep(home: Path, seconds: float = PATIENCE) -> list[int]:
    """End every process that bears the mark of a home folder. Returns their ids."""
    ended: list[int] = []
    deadline = time.monotonic() + 2 * seconds
    while (found := list(marked(home))) and time.monotonic() < deadline:  # a worker may start one more while it ends
        end(found, seconds)
        ended += found
    return ended


def marked(home: Path) -> Iterator[int]:
    """The living processes that bear the mark of a home folder, but for this one and PostgreSQL, which is ended by its own tool."""
    import psutil

    data = str((home / "postgres" / "data").resolve())
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE or process.cwd() == data:
                continue
            if process.environ().get(MARK) == str(home):
                yield process.pid
        except (psutil.Error, OSError):
            continue


def _process(pid: int) -> "psutil.Process | None":
    import psutil

    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
