"""A service that is killed under load, and started again: what was answered is in the lake, each answer once."""

import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from lifecycle.prediction_log import ingest
from lifecycle.references import ModelVersion
from lifecycle.store.lake import lake
from tests.app.http.conftest import NAME, ROW, Process
from tests.lifecycle.servers import free_port
from tests.served import Client

pytestmark = pytest.mark.system

FLUSH = 0.2


def load(port: int, until: threading.Event, answered: dict[str, float], worker: int) -> None:
    """Ask one row after the other, and note when each was answered."""
    client, at = Client(port), 0
    while not until.is_set():
        at += 1
        key = 1_000_000 * worker + at
        try:
            status, said = client.post(f"/{NAME}/predict", {"rows": [{**ROW, "visit": key}]})
        except (OSError, ValueError, HTTPException):
            return  # it was killed
        if status == 200:
            answered[said["predictions"][0]["id"]] = time.monotonic()


def asked(process: Process, seconds: float, end: Any) -> dict[str, float]:
    """What was answered in so many seconds under load, until the service was ended."""
    until, answered = threading.Event(), {}
    threads = [threading.Thread(target=load, args=(process.port, until, answered, worker), daemon=True) for worker in range(1, 5)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    end()
    until.set()
    for thread in threads:
        thread.join(60)
    return answered


def in_the_lake() -> list[str]:
    return [row[0] for row in lake().rows(f"SELECT id FROM {NAME}.predictions WHERE origin = 'http'")]


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_kill_loses_at_most_the_interval_and_doubles_nothing(version: ModelVersion, tmp_path: Path, port: int) -> None:
    settings = {"LIFECYCLE_FLUSH_SECONDS": str(FLUSH), "LIFECYCLE_INTAKE_SECONDS": "0.5"}
    everything: set[str] = set()
    for seconds in (2.0, 1.3):
        process = Process(tmp_path, port, **settings).ready()
        answered = asked(process, seconds, process.process.kill)
        killed = time.monotonic()
        process.end()
        assert len(answered) > 20, process.told() if not process.said.closed else ""
        ingest.take(NAME)  # what monitor and score do first
        found = in_the_lake()
        assert len(found) == len(set(found))
        lost = [at for id, at in answered.items() if id not in found]
        safe = [at for id, at in answered.items() if id in found]
        assert safe
        assert not lost or min(lost) > max(safe) - 1  # what is lost is the end, give or take when our threads looked
        assert killed - min(lost, default=killed) < 60 * FLUSH  # generous: the writing thread gets little of a loaded machine
        everything |= {id for id in answered if id in found}
    assert everything <= set(in_the_lake())


def test_a_stop_under_load_loses_nothing(version: ModelVersion, tmp_path: Path, port: int) -> None:
    process = Process(tmp_path, port, "--workers", "2", LIFECYCLE_FLUSH_SECONDS="60").ready()
    answered = asked(process, 1.5, process.process.terminate)
    assert process.end() == 0
    ingest.take(NAME)
    found = in_the_lake()
    assert len(answered) > 20
    assert set(answered) <= set(found)
    assert len(found) == len(set(found))


def test_a_service_for_other_machines_needs_a_key(version: ModelVersion, tmp_path: Path, port: int) -> None:
    process = Process(tmp_path, port, "--host", "0.0.0.0")
    assert process.process.wait(60) == 1
    said = process.told()
    process.end()
    assert "lifecycle keys add" in said
    assert "Traceback" not in said


def test_several_workers_add_up_what_they_counted(version: ModelVersion, tmp_path: Path, port: int) -> None:
    process = Process(tmp_path, port, "--workers", "2").ready()
    answered = asked(process, 1.5, lambda: None)
    name = f'lifecycle_requests_total{{method="POST",route="predict",status="200",use_case="{NAME}"}}'
    end, counted = time.monotonic() + 30, 0.0
    while counted < len(answered) and time.monotonic() < end:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
        counted = next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)
        time.sleep(0.2)
    assert counted == len(answered)
    assert process.end() == 0
