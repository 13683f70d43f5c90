"""From the service's segments into the lake: each row once, whatever is killed when."""

import datetime as dt
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest

from lifecycle.kind import find
from lifecycle.prediction_log import ingest, segments
from lifecycle.prediction_log.labels import LabelLog, Refused, judged
from lifecycle.prediction_log.predictions import PredictionLog
from lifecycle.settings import settings
from lifecycle.store import tables
from lifecycle.store.lake import Lake, lake
from tests.toys import toy

ROOT = Path(__file__).parents[3]
ANSWER = find("binary").answer_schema


def entries(first: int, rows: int, **changes: Any) -> list[dict[str, Any]]:
    made: dict[str, Any] = {
        "time": dt.datetime(2026, 1, 1), "inputs": {"amount": 1, "kind": "ä"}, "prediction": 1, "probability": 0.5,
        "model_version": 3, "latency_s": 0.0012,
    }  # fmt: skip
    return [{**made, "id": f"id{i}", "key": f"k{i}", **changes} for i in range(first, first + rows)]


def journal(name: str, **options: Any) -> PredictionLog:
    return PredictionLog(segments.place(settings().home, name, "predictions"), name, ANSWER, **options)


def logged(name: str) -> pl.DataFrame:
    return lake().frame(f"FROM {name}.predictions ORDER BY scored_at, id")


def test_what_was_answered_is_in_the_lake_with_all_that_was_said_of_it() -> None:
    log = journal("intake_whole", seconds=60)
    log.append(entries(0, 3))
    log.append(entries(3, 1, key=None, time=None, probability=None, shadow=True, inputs=b'{"a": 1}'))
    assert len(log) == 4
    log.close()
    assert len(log) == 0
    assert ingest.take("intake_whole") == 4
    found = logged("intake_whole")
    first, last = found.row(0, named=True), found.row(3, named=True)
    assert first["inputs"] == '{"amount": 1, "kind": "ä"}'
    assert (first["key"], first["prediction"], first["number"], first["model_version"], first["origin"]) == ("k0", "1", 1.0, 3, "http")
    assert first["latency"] == 0.0012
    assert first["time"] == dt.datetime(2026, 1, 1)
    assert abs((first["scored_at"] - dt.datetime.now(dt.UTC)).total_seconds()) < 600
    assert (last["key"], last["origin"], last["time"], last["inputs"]) == ("id3", "shadow", None, '{"a": 1}')
    assert ingest.take("intake_whole") == 0


def test_many_answers_at_once_are_taken_as_a_frame() -> None:
    log = journal("intake_frame", seconds=60)
    rows = pl.DataFrame({"amount": [1.0, None], "kind": ["a", "b"]})
    answers = pl.DataFrame({"id": ["x", "y"], "key": [None, "k"], "time": [None, dt.datetime(2026, 1, 2)], "prediction": [1, 0]})
    log.append_frame(answers.with_columns(inputs=rows.to_struct(), probability=0.5, model_version=2, latency_s=0.1))
    log.append(entries(0, 1))
    log.close()
    assert ingest.take("intake_frame") == 3
    found = {row["id"]: row for row in logged("intake_frame").iter_rows(named=True)}
    assert found["x"]["key"] == "x"
    assert found["y"]["inputs"] == '{"amount":null,"kind":"b"}'
    assert found["y"]["time"] == dt.datetime(2026, 1, 2)


def killed(*_: Any, **__: Any) -> NoReturn:
    raise KeyboardInterrupt


def test_a_kill_between_the_commit_and_the_removal_brings_no_row_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    log = journal("intake_killed", seconds=60)
    log.append(entries(0, 5))
    log.flush()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            ingest.take("intake_killed")
    assert ingest.pending("intake_killed", "predictions") == 1
    log.append(entries(5, 5))
    log.close()
    assert ingest.take("intake_killed") == 5
    assert ingest.pending("intake_killed", "predictions") == 0
    assert logged("intake_killed")["id"].to_list() == [f"id{i}" for i in range(10)]


def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_come_in() -> None:
    folder = segments.place(settings().home, "intake_broken", "predictions")
    log = journal("intake_broken", seconds=60)
    for i in range(3):
        log.append(entries(i, 1))
        log.flush()
    spoilt = segments.waiting(folder)[1]
    spoilt.write_bytes(spoilt.read_bytes()[:100])
    log.close()
    assert ingest.take("intake_broken") == 2
    assert [path.name for path in folder.iterdir()] == [spoilt.name + ingest.BROKEN]


def test_while_the_disk_refuses_what_waits_is_kept_and_beyond_the_bound_dropped_and_counted(tmp_path: Path) -> None:
    blocked = tmp_path / "predictions"
    blocked.write_text("a file where a folder is needed")
    log = PredictionLog(blocked, "blocked", ANSWER, seconds=0.01, most=10)
    log.append(entries(0, 8))
    while not log.failures:
        time.sleep(0.01)
    log.append(entries(8, 3))
    assert (len(log), log.dropped) == (8, 3)
    log.append(entries(11, 2))
    blocked.unlink()
    log.close()
    kept = pl.concat(pl.read_parquet(path) for path in segments.waiting(blocked))
    assert kept["id"].to_list() == [f"id{i}" for i in (*range(8), 11, 12)]


def test_who_has_many_answers_waits_for_room_and_loses_none(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "predictions", "roomy", ANSWER, seconds=60, most=100)
    for first in range(0, 1_000, 80):
        log.room(80)
        log.append(entries(first, 80))
    log.close()
    assert log.dropped == 0
    assert pl.read_parquet(tmp_path / "predictions" / "*.parquet")["id"].n_unique() == 1_040


def test_an_answer_that_is_no_row_holds_up_no_other(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path / "predictions", "poisoned", ANSWER, seconds=60)
    log.append(entries(0, 2))
    log.append(entries(2, 2, probability="high"))
    log.append(entries(4, 1))
    log.close()
    assert pl.read_parquet(tmp_path / "predictions" / "*.parquet")["id"].to_list() == ["id0", "id1", "id4"]
    assert (log.dropped, len(log), log.rows) == (2, 0, 3)


WRITER = """
import sys, time
from pathlib import Path
from lifecycle.prediction_log.predictions import PredictionLog
from tests.lifecycle.prediction_log.test_ingest import ANSWER, entries
log = PredictionLog(Path(sys.argv[1]), "shop", ANSWER, seconds=0.05)
sent = 0
while True:
    log.append(entries(sent, 5)); sent += 5
    print(log.rows, sent, flush=True)
    time.sleep(0.002)
"""


def test_a_killed_writer_loses_at_most_what_was_not_flushed(tmp_path: Path) -> None:
    for seconds in (0.3, 0.45):
        folder = tmp_path / str(seconds)
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        process.stdout.readline()
        while not segments.waiting(folder) and process.poll() is None:  # a busy machine may not have written one yet
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        said = [line.split() for line in process.stdout.read().splitlines() if len(line.split()) == 2]
        process.wait()
        safe, sent = int(said[-1][0]), int(said[-1][1])
        found = pl.concat(pl.read_parquet(path) for path in segments.waiting(folder))["id"].to_list()
        assert found == [f"id{i}" for i in range(len(found))]
        assert safe <= len(found) <= sent + 5
        assert len(found) > 0


def test_tables_of_an_older_lifecycle_get_the_new_columns(the_lake: Lake) -> None:
    old = "id VARCHAR, key VARCHAR, time TIMESTAMP, model_version BIGINT, prediction VARCHAR, probability DOUBLE, number DOUBLE, origin VARCHAR, scored_at TIMESTAMPTZ"
    the_lake.write(lambda transaction: transaction.execute(f"CREATE SCHEMA old_home; CREATE TABLE old_home.predictions ({old})"))
    the_lake.write(lambda transaction: transaction.execute("INSERT INTO old_home.predictions (id, origin) VALUES ('a', 'batch')"))
    tables.prepare(the_lake, "old_home")
    assert the_lake.rows("SELECT id, inputs, latency FROM old_home.predictions") == [("a", None, None)]
    log = journal("old_home", seconds=60)
    log.append(entries(0, 1))
    log.close()
    assert ingest.take("old_home") == 1


def label(name: str, *labels: dict[str, Any]) -> None:
    use_case = toy(name)
    ledger = LabelLog(segments.place(settings().home, name, "labels"), name)
    for each in labels:
        ledger.add(judged(use_case, [each])).result(30)
    ledger.close()


def truth(name: str) -> list[tuple[str, str]]:
    return lake().rows(f"SELECT key, target FROM {name}.labels ORDER BY received_at")


def test_a_label_that_says_nothing_new_adds_nothing_and_the_last_word_comes_last() -> None:
    label("labels_twice", {"key": 1, "target": True}, {"key": "1", "target": True}, {"key": "2", "target": False})
    assert ingest.take("labels_twice") == 2
    label("labels_twice", {"key": "1", "target": True}, {"key": "1", "target": False}, {"key": "1", "target": False})
    assert ingest.take("labels_twice") == 1
    assert truth("labels_twice") == [("1", "true"), ("2", "false"), ("1", "false")]


def test_within_one_request_the_last_label_of_a_key_counts() -> None:
    ledger = LabelLog(segments.place(settings().home, "labels_within", "labels"), "labels_within")
    ledger.add(judged(toy("labels_within"), [{"key": "a", "target": value} for value in (True, False)])).result(30)
    ledger.close()
    ingest.take("labels_within")
    assert truth("labels_within")[-1] == ("a", "false")


@pytest.mark.parametrize(
    ("given", "row", "column"),
    [
        ([{"key": "a", "target": True}, {"key": "b", "target": 2}], 1, "target"),
        ([{"key": "a", "target": "on"}], 0, "target"),
        ([{"key": "a", "target": " "}], 0, "target"),
        ([{"key": " ", "target": True}], 0, "key"),
        ([{"key": "a"}], 0, "target"),
        ([{"key": "", "target": True}], 0, "key"),
        ([{"key": True, "target": True}], 0, "key"),
        ([{"key": {"a": []}, "target": True}], 0, "key"),
        ([{"key": "a", "target": True, "label_time": "soon"}], 0, "label_time"),
        ([{"key": "a", "target": True, "label_time": "20260131T120000"}], 0, "label_time"),  # nor is it a moment in a row
        ([{"key": "a", "target": True, "tarrget": True}], 0, "tarrget"),
        ([3], 0, ""),
    ],
)
def test_a_wrong_label_is_refused_with_its_row_and_column(given: list[Any], row: int, column: str) -> None:
    with pytest.raises(Refused) as error:
        judged(toy("labels_wrong"), given)
    assert (error.value.problems[0]["row"], error.value.problems[0]["column"]) == (row, column)
    assert error.value.problems[0]["rule"]


def test_a_label_is_read_as_the_cell_of_a_batch() -> None:
    given = [{"key": " a\u00a0", "target": "true", "label_time": "2026-01-31"}, {"key": 7.0, "target": 0}, {"key": "b", "target": "Yes "}]
    found = judged(toy("labels_read"), given)
    assert found["key"].to_list() == ["a", "7", "b"]
    assert found["target"].to_list() == ["true", "false", "true"]
    assert found["label_time"].to_list() == [dt.datetime(2026, 1, 31), None, None]


def test_the_checks_of_the_schema_hold_for_labels_too() -> None:
    from lifecycle import registry

    diagnosis = registry.find("diagnosis")
    with pytest.raises(Refused) as error:
        judged(diagnosis, [{"key": 1, "target": "benign"}, {"key": 2, "target": "fine"}])
    assert [(each["row"], each["value"]) for each in error.value.problems] == [(1, "fine")]
    assert "isin" in error.value.problems[0]["rule"]
    with pytest.raises(Refused):
        judged(registry.find("fare"), [{"key": 1, "target": 1e400}])
    assert judged(registry.find("fare"), [{"key": 1, "target": 7}])["target"].to_list() == ["7.0"]
