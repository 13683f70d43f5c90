"""What another process was asked, or this one before it was started again, is in the windows; every row once."""

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle.prediction_log import ingest, segments
from lifecycle.prediction_log.predictions import PredictionLog
from lifecycle.serving import lake_watcher, request_buffer
from lifecycle.serving.log_replay import LogReplay, logged, take
from lifecycle.serving.predictor import Predictor
from lifecycle.sources import Generated
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from lifecycle.usecase import UseCase
from tests.lifecycle.serving.test_feature_window import SCHEMA, SPAN, ask, features, predictor, visit
from tests.toys import START, toy, visit_source


def journal(home: Path, use_case: UseCase, *rows: dict[str, Any], shadow: bool = False) -> None:
    """A process that was asked about rows and has ended."""
    kept = PredictionLog(segments.place(home, use_case.name, "predictions"), use_case.name, use_case.kind.answer_schema)
    kept.append(
        [
            {"id": uuid.uuid4().hex, "key": str(row["visit"]), "time": dt.datetime.fromisoformat(row["at"]), "inputs": row, "prediction": "0",
             "model_version": 1, "latency_s": 0.001, "shadow": shadow}
            for row in rows
        ]
    )  # fmt: skip
    kept.close()


def test_another_process_is_heard_once_it_has_written_down_what_it_was_asked(tmp_path: Path) -> None:
    service = predictor()
    told = LogReplay(tmp_path, service)
    assert told.look() == 0
    journal(tmp_path, service.use_case, visit(1, 0), visit(2, 1))
    assert told.look() == 2
    journal(tmp_path, service.use_case, visit(2, 1), visit(3, 2))
    journal(tmp_path, service.use_case, visit(4, 2), shadow=True)
    assert told.look() == 1
    assert told.look() == 0
    assert ask(service, visit(9, 5))["spent_count_10m"].to_list() == [3]


def test_rows_that_the_schema_does_not_accept_any_more_are_left_out() -> None:
    service = predictor()
    texts = ['{"visit": 1}', "no json", "[]", *(f'{{"visit": {number}, "at": "2026-01-01", "customer": 1, "gender": "f", "amount": 1, "kind": "a", '
             '"age": null}' for number in (5, 6))]  # fmt: skip
    log = pl.DataFrame({"key": [str(at) for at in range(len(texts))], "inputs": texts})
    assert take(service, log) == 2


@pytest.fixture(scope="module")
def ingested() -> UseCase:
    use_case = toy("told", features=features, history=SPAN, source=Generated(visit_source, {"rows": 100}, deterministic=True))
    validate(use_case, collect(use_case))
    return use_case


def test_a_start_finds_in_the_lake_what_was_asked_before(ingested: UseCase, tmp_path: Path) -> None:
    minute = 99
    journal(tmp_path, ingested, visit(99, 99, customer=2), visit(1_000, minute, customer=77), visit(1_001, minute - 1, customer=77))
    assert ingest.take(ingested, tmp_path) == 3
    block, floor = lake_watcher.read(lake(), ingested)
    assert floor == START + dt.timedelta(minutes=99) - lake_watcher.SPANS * SPAN
    assert len(block) == 21
    service = Predictor(ingested, lambda *_: pl.DataFrame(schema=SCHEMA))
    service.refresh(block, floor)
    assert take(service, logged(lake(), ingested, floor)) == 2
    assert ask(service, visit(2_000, minute + 1, customer=77))["spent_count_10m"].to_list() == [2]


def test_what_does_not_fit_into_memory_is_read_when_it_is_asked_for(ingested: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifecycle.settings import settings

    monkeypatch.setattr(lake_watcher, "MAX_ROWS", 5)
    block, floor = lake_watcher.read(lake(), ingested)
    assert 0 < len(block) <= 5
    small = Predictor(ingested, lake_watcher.older_of(settings(), ingested))
    small.refresh(block, floor)
    monkeypatch.setattr(lake_watcher, "MAX_ROWS", 1_000)
    whole = Predictor(ingested, lake_watcher.older_of(settings(), ingested))
    whole.refresh(*lake_watcher.read(lake(), ingested))
    rows = [visit(3_000 + customer, 100, customer=customer) for customer in range(5)]
    assert ask(small, *rows).equals(ask(whole, *rows))


def test_labels_reach_the_recent_rows_as_they_come(ingested: UseCase) -> None:
    store = lake()
    first, newest = lake_watcher.read_labels(store, ingested, None)
    assert (first, newest) == ({}, None)
    store.cursor().execute("INSERT INTO told.labels VALUES ('98', 'true', NULL, '2026-02-01 00:00:00+00'), ('97', 'false', '2026-01-05', now())")
    found, newest = lake_watcher.read_labels(store, ingested, None)
    assert found == {"98": (True, dt.datetime(2026, 2, 1)), "97": (False, dt.datetime(2026, 1, 5))}
    assert newest
    assert lake_watcher.read_labels(store, ingested, newest) == ({}, None)


def test_a_start_reads_no_more_of_the_log_than_memory_keeps(ingested: UseCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal(tmp_path, ingested, *(visit(5_000 + at, 99, customer=78) for at in range(50)))
    ingest.take(ingested, tmp_path)
    whole = logged(lake(), ingested, None)
    assert whole.height >= 50
    monkeypatch.setattr(request_buffer, "MAX_BYTES", int(whole["inputs"].str.len_bytes().max()) * 10)  # pyright: ignore[reportArgumentType]
    assert 10 <= logged(lake(), ingested, None).height < whole.height
