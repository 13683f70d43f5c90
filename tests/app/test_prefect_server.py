import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import prefect_server
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings
from lifecycle.store import postgres
from tests.app.conftest import surroundings

pytestmark = pytest.mark.system

USER = """
import sys
from app import environment, prefect_server
from lifecycle.settings import settings

environment.prepare(settings())
url = prefect_server.start(settings())
prefect_server.wait(settings(), url)
print(url, flush=True)
sys.stdin.read()
"""

User = subprocess.Popen[str]


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def user(home: Path, tmp_path: Path) -> Iterator[Callable[[], User]]:
    """Processes that use the server until their stdin ends; all are gone after the test, and the server with them."""
    users: list[User] = []

    def begin() -> User:
        process = subprocess.Popen(
            [sys.executable, "-c", USER], env=surroundings(home, tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        users.append(process)
        return process

    yield begin
    for each in users:
        each.kill()
        each.communicate()
    assert until(lambda: prefect_server.running(home) is None)


def line(of: User) -> str:
    assert of.stdout
    return of.stdout.readline().strip()


def nobody(home: Path) -> bool:
    return prefect_server.running(home) is None and not postgres.held(home / "postgres")


def test_two_first_users_at_once_share_one_server_that_ends_after_the_last(home: Path, user: Callable[[], User]) -> None:
    first, second = user(), user()
    url = line(first)
    assert url.startswith("http://127.0.0.1:")
    assert line(second) == url
    first.communicate("")
    time.sleep(2.5)
    assert prefect_server.answers(url)
    second.kill()  # as kill -9: it cannot say goodbye
    assert until(lambda: nobody(home))
    assert not prefect_server.answers(url)
    assert until(lambda: not (home / "postgres" / "data" / "postmaster.pid").exists())


def test_after_the_death_of_a_server_the_next_user_gets_another(home: Path, user: Callable[[], User]) -> None:
    first = user()
    url = line(first)
    found = prefect_server.running(home)
    assert found
    os.kill(found["pid"], signal.SIGKILL)
    assert until(lambda: prefect_server.running(home) is None)
    second = line(user())
    assert second != url
    assert prefect_server.answers(second)


def test_deleting_the_home_folder_ends_what_runs_for_it(tmp_path: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="lifecycle-gone-"))
    with subprocess.Popen(
        [sys.executable, "-c", USER], env=surroundings(home, tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        url = line(process)
        postmaster = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        shutil.rmtree(home)
        assert until(lambda: not prefect_server.answers(url))
        assert until(lambda: gone(postmaster))
        process.communicate("")
    assert process.returncode == 0
    assert not home.exists()


def test_down_ends_a_server_in_use(home: Path, user: Callable[[], User]) -> None:
    url = line(user())
    assert prefect_server.stop(home)
    assert not prefect_server.answers(url)
    assert not prefect_server.stop(home)


def test_a_server_named_by_the_user_is_used(home: Path, monkeypatch: pytest.MonkeyPatch, user: Callable[[], User], tmp_path: Path) -> None:
    url = line(user())
    monkeypatch.setenv("PREFECT_API_URL", url)
    elsewhere = Settings(home=tmp_path)
    assert prefect_server.start(elsewhere) == url
    assert not prefect_server.shared(elsewhere, url)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_come_is_one_sentence_with_its_last_words(tmp_path: Path) -> None:
    at = Settings(home=tmp_path)
    prefect_server.log_file(at).parent.mkdir()
    prefect_server.log_file(at).write_text("Traceback\nOSError: no room\n")
    with pytest.raises(LifecycleError, match=r"did not start \(OSError: no room\); see .*prefect-server.log"):
        prefect_server.wait(at, "http://127.0.0.1:1/api", seconds=1)


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
