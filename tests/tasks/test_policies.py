"""Policies: what a cache key holds, what is retried, and locks that die with their holder."""

import datetime as dt
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

from lifecycle.dependencies import answers
from lifecycle.dependencies.watched import holds_until, notes, watched
from lifecycle.errors import DataError
from lifecycle.references import Batch
from lifecycle.store.lake import lake
from tasks.locks import PostgresLocks
from tasks.policies import asked, can_help
from tests.toys import toy, visit_features

ROOT = Path(__file__).parents[2]
BATCH = Batch(use_case="keyed", key="a", source="s", content="c", folder="f", rows=1)
HOLD = "import sys; from tasks.locks import PostgresLocks; PostgresLocks().acquire_lock('killed', 'me'); print('held', flush=True); sys.stdin.read()"


def stage(use_case: Any, batch: Batch) -> Batch:
    return batch.model_copy(update={"rows": use_case.seed, "source": str(use_case.features)})


def other(use_case: Any, batch: Batch) -> Batch:
    return batch.model_copy()


def key(function: Any = stage, batch: Batch = BATCH, more: str = "", **changes: Any) -> str:
    """The key of a stage whose answer is then given."""
    definition = toy("keyed", **changes)
    question = asked(function, lambda *given: more, definition, [batch])
    assert question
    seen = watched(definition)
    function(seen, batch)
    assert answers.keep(question, notes(seen)) == ""
    return question.key


def test_a_key_changes_with_the_stage_the_fields_it_reads_and_what_it_is_given() -> None:
    first = key()
    assert first == key(features=visit_features)
    different = [
        key(other),
        key(seed=1),
        key(features=lambda rows: rows.select("age")),
        key(batch=BATCH.model_copy(update={"key": "b"})),
        key(more="and this"),
    ]
    assert len({first, *different}) == 6
    assert key() == first, "what was answered before stands again"


def test_a_field_that_a_stage_does_not_read_leaves_its_key() -> None:
    assert key() == key(bad_rows=0.5)


def test_a_key_changes_with_the_libraries_and_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key()
    with monkeypatch.context() as changed:
        changed.setattr("lifecycle.dependencies.fingerprint.libraries", lambda: "newer libraries")
        assert key() != first
    monkeypatch.setattr(lake(), "_identity", "another lake", raising=False)
    assert key() != first


def test_a_stage_of_which_nothing_can_tell_has_no_key() -> None:
    assert asked(stage, lambda *given: None, toy("keyed"), [BATCH]) is None


def test_an_answer_whose_time_is_over_stands_no_more() -> None:
    def timed(use_case: Any, batch: Batch) -> Batch:
        return batch

    definition = toy("keyed")
    keys = []
    for moment in (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1), dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), None):
        question = asked(timed, None, definition, [BATCH])
        assert question
        keys.append(question.key)
        seen = watched(definition)
        holds_until(seen, moment)
        answers.keep(question, notes(seen))
    assert keys[0] != keys[1] == keys[2]


def test_a_field_of_which_nobody_can_tell_makes_its_stages_run_each_time_and_no_other() -> None:
    numbers = (number for number in range(3))
    changes: Any = {"features": lambda rows: rows.head(next(numbers))}

    def blind(use_case: Any, batch: Batch) -> Batch:
        return batch.model_copy(update={"rows": use_case.seed})

    assert key(blind, **changes) == key(blind, **changes)
    definition = toy("keyed", **changes)
    keys = set()
    for _ in range(2):
        question = asked(stage, None, definition, [BATCH])
        assert question
        keys.add(question.key)
        seen = watched(definition)
        stage(seen, BATCH)
        why = answers.keep(question, notes(seen))
        assert why.startswith("features rests on an object of type generator, which tests.tasks.test_policies:")
        assert why.endswith("nobody can tell whether it has changed, so it is run each time")
    assert len(keys) == 2


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
        (duckdb.BinderException("Failed to query most recent snapshot for DuckLake: server closed the connection unexpectedly"), True),
        (duckdb.BinderException('Referenced column "x" not found'), False),
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
