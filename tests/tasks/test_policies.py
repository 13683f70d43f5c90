"""Policies: what a cache key holds, what is retried, and locks that die with their holder."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from psycopg import OperationalError

from lifecycle import registry
from lifecycle.errors import DataError
from lifecycle.references import Batch
from lifecycle.store.lake import lake
from tasks.locks import PostgresLocks
from tasks.policies import cache_key, can_help
from tests.toys import toy, visit_features

ROOT = Path(__file__).parents[2]
BATCH = Batch(use_case="keyed", key="a", source="s", content="c", folder="f", rows=1)
HOLD = "import sys; from tasks.locks import PostgresLocks; PostgresLocks().acquire_lock('killed', 'me'); print('held', flush=True); sys.stdin.read()"


def stage(use_case: Any, batch: Batch) -> Batch:
    return batch


def other(use_case: Any, batch: Batch) -> Batch:
    return batch.model_copy()


def key(
    monkeypatch: pytest.MonkeyPatch, function: Any = stage, reads: tuple[str, ...] = ("features", "seed"), batch: Batch = BATCH, **changes: Any
) -> str:
    definition = toy("keyed", **changes)
    monkeypatch.setattr(registry, "find", lambda name: definition)
    return cache_key(function, reads, None, "keyed", [batch]) or ""


def test_a_key_changes_with_the_stage_the_fields_it_reads_and_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key(monkeypatch)
    assert first == key(monkeypatch, features=visit_features)
    different = [
        key(monkeypatch, other),
        key(monkeypatch, seed=1),
        key(monkeypatch, features=lambda rows: rows.select("age")),
        key(monkeypatch, batch=BATCH.model_copy(update={"key": "b"})),
    ]
    assert len({first, *different}) == 5


def test_a_field_that_a_stage_does_not_read_leaves_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert key(monkeypatch) == key(monkeypatch, bad_rows=0.5)


def test_a_key_changes_with_the_lock_file_and_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key(monkeypatch)
    with monkeypatch.context() as changed:
        changed.setattr("lifecycle.fingerprint.lock", lambda: "newer libraries")
        assert key(monkeypatch) != first
    monkeypatch.setattr(lake(), "_identity", "another lake", raising=False)
    assert key(monkeypatch) != first


class Ended:
    """A state that ended with an exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def result(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (OperationalError("the server closed the connection"), True),
        (duckdb.IOException("connection refused"), True),
        (ConnectionResetError(), True),
        (DataError("a bad row"), False),
        (ZeroDivisionError(), False),
        (FileNotFoundError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_outage_is_retried_and_a_mistake_is_not(error: Exception, helps: bool) -> None:
    assert can_help(None, None, Ended(error)) is helps  # type: ignore[arg-type]


def test_a_lock_keeps_others_out_until_it_is_released() -> None:
    locks = PostgresLocks()
    assert locks.acquire_lock("taken", "first")
    assert locks.is_lock_holder("taken", "first")
    assert locks.is_locked("taken")
    assert not locks.acquire_lock("taken", "second", acquire_timeout=0.1)
    waited: list[bool] = []
    waiting = threading.Thread(target=lambda: waited.append(locks.wait_for_lock("taken", 30)))
    waiting.start()
    locks.release_lock("taken", "first")
    waiting.join()
    assert waited == [True]
    assert not locks.is_locked("taken")


def test_a_killed_holder_leaves_no_lock() -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, env=dict(os.environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    assert PostgresLocks().is_locked("killed")
    process.kill()
    process.communicate()
    for _ in range(100):
        if not PostgresLocks().is_locked("killed"):
            return
        time.sleep(0.05)
    pytest.fail("the lock outlived its holder")
