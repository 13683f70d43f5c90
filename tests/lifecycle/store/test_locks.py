"""Locks, held by processes of their own."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lifecycle.errors import Outage
from lifecycle.store import locks
from lifecycle.store.lake import Lake

ROOT = Path(__file__).parents[3]
FILE = "import sys; from pathlib import Path; from lifecycle.store import locks; held = locks.hold(Path(sys.argv[1])); print('held', flush=True); input()"
NAME = "import sys; from lifecycle.store import locks; held = locks.take(*sys.argv[1:]); print('held', flush=True); input()"


@contextmanager
def holder(code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_waits_for_a_file_says_for_whom_and_gives_up_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with holder(FILE, str(tmp_path / "turn")) as other, caplog.at_level(logging.WARNING, "lifecycle.locks"):
        with pytest.raises(Outage, match=rf"{tmp_path}/turn is held by process {other.pid} .*not free within 1 s"):
            locks.hold(tmp_path / "turn", seconds=1)
        assert [record.getMessage() for record in caplog.records if f"held by process {other.pid}" in record.getMessage()]
        other.kill()
        locks.hold(tmp_path / "turn", seconds=10).close()


def test_those_who_share_a_file_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with locks.hold(tmp_path / "holders", shared=True), locks.hold(tmp_path / "holders", shared=True, seconds=0):
        pass


def test_who_waits_for_a_name_says_for_whom_and_gives_up_in_a_sentence(
    the_lake: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    at = the_lake.server.conninfo("lake")
    with holder(NAME, at, "ingest shop") as other, caplog.at_level(logging.WARNING, "lifecycle.locks"):
        with (
            pytest.raises(Outage, match=rf"'ingest shop' is held by process {other.pid} on .* since .*not free within 1 s"),
            the_lake.lock("ingest shop", 1),
        ):
            pass
        assert [record.getMessage() for record in caplog.records if f"held by process {other.pid}" in record.getMessage()]
        other.kill()
        with the_lake.lock("ingest shop", 10):
            pass
