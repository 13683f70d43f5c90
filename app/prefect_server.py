"""The Prefect server that a run needs: the one named in `PREFECT_API_URL`, else one shared by all users of the home folder.

Who uses the shared one is told by the kernel, as for PostgreSQL: each user keeps a shared lock on one file, which no
kill can leave behind. The server (`app.prefect_process`) tries to lock it alone every second, and ends when it can.
"""

import atexit
import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from app import login
from app.stack import parts
from lifecycle.errors import LifecycleError
from lifecycle.reading import web
from lifecycle.settings import Settings
from lifecycle.store import locks

SAYS = "lifecycle: "
"""How the line begins by which the server's process says in a sentence why it cannot start."""

TOLD, LONGEST = 15.0, 600.0
"""Seconds after which it is said what is waited for, and for which a server of ours that is still starting is waited for: a starved machine is slow."""

_held: dict[Path, IO[str]] = {}
_started: list[subprocess.Popen[bytes]] = []


def start(at: Settings) -> str:
    """Hold a Prefect server until this process ends, and put its address into the environment.

    Returns:
        The address of its API. It may still be starting: see `wait`.
    """
    given = os.environ.get("PREFECT_API_URL", "")
    if given and answers(given):
        if own(at.home, given):
            login.join(at.home, given)
        else:
            login.withhold(at.home)
        return given
    stack = parts.api(at.home)
    url = stack if not given and stack and answers(stack) else _shared(at)
    if given:
        print(f"lifecycle: PREFECT_API_URL={given} does not answer; this run uses a server of its own", file=sys.stderr)
    login.join(at.home, url)
    return url


def own(home: Path, url: str) -> bool:
    """Whether an address is of a server of this home folder: of its stack, or of its runs. Others are not told its login."""
    found = running(home)
    return url.rstrip("/") in {parts.api(home), found["url"] if found else None}


def wait(at: Settings, url: str, seconds: float = 90) -> None:
    """Return when the server answers. One of ours that is still starting is waited for longer, and it is said for what.

    Raises:
        LifecycleError: it ended, or did not answer in time.
    """
    began = time.monotonic()
    while not (there := answers(url, min(seconds, TOLD))):
        waited = time.monotonic() - began
        if waited > (LONGEST if shared(at, url) else seconds) or (waited > 1 and not shared(at, url) and own_is_gone(at, url)):
            break
        if waited >= TOLD:
            print(f"lifecycle: waiting for the Prefect server, which is still starting: {waited:.0f} s of at most {LONGEST:.0f}", file=sys.stderr)
        time.sleep(0.1)
    if not there:
        log = log_file(at)
        said = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        if said and said[-1].startswith(SAYS):
            raise LifecycleError(said[-1].removeprefix(SAYS))
        reason = f" ({said[-1].strip()})" if said else ""
        raise LifecycleError(f"the Prefect server at {url} did not start{reason}; see {log}, or name yours in PREFECT_API_URL")


def own_is_gone(at: Settings, url: str) -> bool:
    """Whether a server that this process started has ended."""
    return any(process.poll() is not None for process in _started) and not shared(at, url)


def answers(url: str, seconds: float = 5) -> bool:
    """Whether a Prefect API is there. One that is starting holds the request until it is ready."""
    try:
        with web.opened(f"{url.rstrip('/')}/health", seconds):
            return True
    except web.Refused as error:
        return error.answer.status_code < 500  # it wants a key: it is there
    except (OSError, ValueError):
        return False


def running(home: Path) -> dict[str, Any] | None:
    """What the server of this home folder says of itself: `url`, `pid`; `None` where none is running."""
    try:
        with _description(home).open() as file:  # its process keeps the file locked for as long as it lives
            found = None if _free(file) else json.load(file)
            return found if isinstance(found, dict) and {"url", "pid"} <= found.keys() else None
    except (FileNotFoundError, ValueError):  # a disk that was full keeps half of it
        return None


def shared(at: Settings, url: str) -> bool:
    """Whether this address is of the home folder's own server."""
    found = running(at.home)
    return found is not None and found["url"] == url


def stop(home: Path, seconds: float = 15) -> bool:
    """End the server whoever uses it, and wait until it is gone. Returns whether one was running."""
    found = running(home)
    if found is None:
        return False
    with _description(home).open() as file:
        _end(file, found["pid"], seconds)
    return True


def release(home: Path) -> None:
    """Let go of the shared server; the last one to do so waits until it is gone: after a run nothing is left running."""
    holding = _held.pop(home, None)
    if holding is None:
        return
    holding.close()
    try:
        with _description(home).open() as file:
            found = running(home)
            if found and last_one_left(home):
                _end(file, found["pid"])
    except FileNotFoundError:
        return  # it has ended by itself, or the home folder is gone


def _end(description: IO[str], pid: int, seconds: float = 15) -> None:
    """Ask the process to end, make it end if it does not; its lock on the description falls with it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while not _free(description):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _free(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def turn(home: Path) -> IO[str]:
    """One process at a time starts, ends or counts."""
    return locks.hold(home / "prefect" / "turn")


def last_one_left(home: Path) -> bool:
    """Whether nobody uses the server any more; it is then not to be found either. For the server itself.

    Raises:
        FileNotFoundError: the home folder is gone.
    """
    with (home / "prefect" / "holders").open("r+") as file, turn(home):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _description(home).unlink(missing_ok=True)
        return True


def log_file(at: Settings) -> Path:
    """Where the server's own words go."""
    return at.home / "logs" / "prefect-server.log"


def _description(home: Path) -> Path:
    return home / "prefect" / "server.json"


def _shared(at: Settings) -> str:
    (at.home / "prefect").mkdir(parents=True, exist_ok=True)
    with turn(at.home):
        if at.home not in _held:
            _held[at.home] = locks.hold(at.home / "prefect" / "holders", shared=True)
            atexit.register(release, at.home)
        found = running(at.home)
        return found["url"] if found else _launch(at)


def _launch(at: Settings) -> str:
    """Start the server's process. Its port listens from here on: who asks early waits, and need not ask again."""
    log_file(at).parent.mkdir(parents=True, exist_ok=True)
    _description(at.home).unlink(missing_ok=True)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=100) as listening,
        _description(at.home).open("w") as description,
        log_file(at).open("w") as log,
    ):
        fcntl.flock(description, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody else can have the new file
        given = (listening.fileno(), description.fileno())
        process = subprocess.Popen(
            [sys.executable, "-m", "app.prefect_process", *map(str, given)],
            pass_fds=given,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            start_new_session=True,  # Ctrl-C ends the run first, which still has to say so to the server
        )
        _started.append(process)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        try:
            json.dump({"url": url, "pid": process.pid}, description)
            description.flush()
        except OSError:  # the disk is full: a server that nobody can find must not stay
            process.terminate()
            process.wait()
            raise
    return url


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[1])
    ours = {
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")])),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
        # What only deployments need: `lifecycle up` has them.
        "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "true",
    }
    return {name: value for name, value in os.environ.items() if name not in {login.API, login.LOGIN, login.KEY}} | ours
