"""Disks and files that fail under the command line: one sentence, exit 1, and nothing of it stays once the cause is gone."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import prefect_server
from lifecycle.store import postgres
from tests.app.conftest import Lifecycle
from tests.app.test_cli import one_line
from tests.prepared import prepare

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """A home on a disk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="lifecycle-tests-"))
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", folder], capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("a small disk can be mounted by root alone, and not in every container")
    yield prepare(folder)
    prefect_server.stop(folder)
    postgres.stop(folder / "postgres")
    subprocess.run(["umount", "-l", folder], check=True)
    shutil.rmtree(folder, ignore_errors=True)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))


def fails(lifecycle: Lifecycle, home: Path, *command: str) -> str:
    done = lifecycle(*command, LIFECYCLE_HOME=str(home))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("lifecycle: ")
    assert "unexpected" not in last
    return last


def test_a_full_disk_and_a_read_only_one_are_said_and_leave_nothing_behind(lifecycle: Lifecycle, disk: Path) -> None:
    assert lifecycle("ingest", "shop", LIFECYCLE_HOME=str(disk)).returncode == 0
    fill(disk / "filler")
    for command in (("history", "shop"), ("ingest", "shop")):
        assert "disk is full" in fails(lifecycle, disk, *command)
    (disk / "filler").unlink()
    lifecycle("down", LIFECYCLE_HOME=str(disk))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert "disk is read-only" in fails(lifecycle, disk, "history", "shop")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert lifecycle("ingest", "shop", LIFECYCLE_HOME=str(disk)).returncode == 0


def test_files_that_are_not_what_they_were_are_named(lifecycle: Lifecycle, disk: Path) -> None:
    (disk / "stack").mkdir(exist_ok=True)
    (disk / "stack" / "stack.json").write_text("[1]")
    (disk / "prefect" / "server.json").write_text('{"url": ')
    assert json.loads(lifecycle("down", "--json", LIFECYCLE_HOME=str(disk)).stdout) == {"stopped": []}
    (disk / "postgres" / "turn").unlink()
    (disk / "postgres" / "turn").mkdir()
    assert f"{disk}/postgres/turn cannot be used: it must be a file" in fails(lifecycle, disk, "history", "shop")
    (disk / "postgres" / "turn").rmdir()
    for file in (disk / "lake").rglob("*.parquet"):
        os.truncate(file, 20)
    assert "cannot be read" in fails(lifecycle, disk, "train", "shop")
    os.truncate(disk / "postgres" / "data" / "global" / "pg_control", 100)
    assert "files of PostgreSQL are damaged" in fails(lifecycle, disk, "history", "shop")


def test_a_database_that_is_away_is_one_line(lifecycle: Lifecycle, tmp_path: Path) -> None:
    done = lifecycle("ingest", "shop", LIFECYCLE_HOME=str(tmp_path), LIFECYCLE_DATABASE_URL="postgresql://a:b@127.0.0.1:9/x")
    assert done.returncode == 1
    assert "PostgreSQL at 127.0.0.1:9 cannot be used" in one_line(done.stderr)
