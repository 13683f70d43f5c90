"""The embedded PostgreSQL, in processes of their own: started once, shared, stopped by the last, safe after kill -9."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lifecycle.store import postgres

ROOT = Path(__file__).parents[3]
HOLD = """
import sys, time
from pathlib import Path
from lifecycle.store import postgres
postgres.start(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "pg"
    postgres.stop(tmp_path / "pg")


def holder(home: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(home)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def held(process: "subprocess.Popen[str]") -> None:
    assert process.stdout
    assert process.stdout.readline() == "held\n"


def leave(process: "subprocess.Popen[str]") -> None:
    process.communicate("\n", timeout=60)


def answers(home: Path) -> bool:
    try:
        with psycopg.connect(host=str(postgres.socket_folder(home)), user="postgres", dbname="postgres", connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_two_first_starts_at_once_share_one_server_and_the_last_to_leave_stops_it(home: Path) -> None:
    first, second = holder(home), holder(home)
    held(first)
    held(second)
    leave(first)
    assert answers(home)
    leave(second)
    assert not answers(home)
    assert not (home / "data" / "postmaster.pid").exists()


def test_a_killed_holder_leaves_a_server_that_the_next_one_uses_and_stops(home: Path) -> None:
    first = holder(home)
    held(first)
    first.kill()
    first.communicate()
    assert answers(home)
    assert not postgres.held(home)
    second = holder(home)
    held(second)
    leave(second)
    assert not answers(home)


def test_a_killed_server_is_started_again(home: Path) -> None:
    first = holder(home)
    held(first)
    os.kill(int((home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    for _ in range(100):
        if not answers(home):
            break
        time.sleep(0.05)
    second = holder(home)
    held(second)
    assert answers(home)
    leave(second)
    leave(first)


def test_who_holds_a_killed_server_can_start_it_again_and_one_that_was_stopped_stays_so(home: Path) -> None:
    postgres.start(home)
    assert postgres.alive(home)
    assert not postgres.died(home)
    os.kill(int((home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    for _ in range(100):
        if postgres.died(home):
            break
        time.sleep(0.05)
    assert not postgres.alive(home)
    assert postgres.revive(home)
    assert answers(home)
    assert postgres.stop(home)
    assert not postgres.died(home)
    postgres.release(home)
    assert not postgres.revive(home)
    assert not answers(home)


def test_stop_ends_the_server_whoever_holds_it(home: Path) -> None:
    first = holder(home)
    held(first)
    assert postgres.stop(home)
    assert not answers(home)
    assert not postgres.stop(home)
    leave(first)


def test_a_home_too_deep_for_a_socket_gets_a_short_private_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "pg"
    folder = postgres.start(deep)
    assert len(str(folder)) <= postgres.LONGEST_SOCKET_FOLDER
    assert folder.stat().st_mode & 0o077 == 0
    assert answers(deep)
    postgres.release(deep)
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="another system has no syncfs")
def test_a_killed_process_of_the_server_is_recovered_from_by_itself_without_looking_at_every_file(home: Path) -> None:
    first = holder(home)
    held(first)
    with psycopg.connect(host=str(postgres.socket_folder(home)), user="postgres", dbname="postgres") as connection:
        assert connection.execute("SHOW recovery_init_sync_method").fetchone() == ("syncfs",)
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    until = time.monotonic() + 60
    while not answers(home):
        assert time.monotonic() < until
        time.sleep(0.05)
    leave(first)
    assert not answers(home)


def stuck(home: Path) -> "subprocess.Popen[str]":
    """A held server with a process that does not hear that it shall end: it would be stopping for ever."""
    process = holder(home)
    held(process)
    connection = psycopg.connect(host=str(postgres.socket_folder(home)), user="postgres", dbname="postgres")
    os.kill(connection.info.backend_pid, signal.SIGSTOP)
    return process


def test_a_server_that_never_comes_to_its_end_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "STOPPING", 2)
    process = stuck(home)
    assert postgres.stop(home)
    assert not postgres.alive(home)
    leave(process)


def test_a_server_that_is_stopping_for_ever_is_ended_by_the_next_who_needs_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = stuck(home)
    postgres._control(home, "stop", "--no-wait", "-m", "fast")
    monkeypatch.setattr(postgres, "STOPPING", 3)
    try:
        postgres.start(home)
        assert answers(home)
    finally:
        postgres.release(home)
        leave(process)


def test_a_server_that_recovers_from_a_crash_stops_too(home: Path) -> None:
    for _ in range(3):
        process = holder(home)
        held(process)
        with psycopg.connect(host=str(postgres.socket_folder(home)), user="postgres", dbname="postgres") as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
        leave(process)
        assert not postgres.alive(home)
