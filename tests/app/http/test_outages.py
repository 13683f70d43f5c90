"""What a service says while something that it needs is away or broken: never 500, and as much as it can still say."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.http.application import Options, create
from app.http.health import _model, _open, state
from app.http.operations import Place
from lifecycle.evaluation import shapley
from lifecycle.prediction_log import segments
from lifecycle.references import ModelVersion
from lifecycle.serving import request_buffer
from lifecycle.serving.request_buffer import RequestBuffer
from lifecycle.settings import settings
from lifecycle.store import postgres, tracking
from lifecycle.table.shown import shown
from tests.app.http.conftest import NAME, ROW, running
from tests.served import serving
from tests.toys import toy

LABELS = {"labels": [{"key": 70_001, "target": True}]}


def ask(port: int, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body).encode())
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text.decode()


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("depth", [100, 254, 255, 256, 600, 1_000])
def test_a_cell_nested_deeper_than_json_is_written_is_422(version: ModelVersion, port: int, depth: int) -> None:
    row = json.dumps({**ROW, "amount": "@"}).encode().replace(b'"@"', nested(depth))
    label = json.dumps({"key": 1, "target": "@"}).encode().replace(b'"@"', nested(depth))
    for path, body in (
        ("predict", b'{"rows": [' + row + b"]}"),
        ("predict", b'{"rows": [' + nested(depth) + b"]}"),
        ("explain", b'{"rows": [' + row + b"]}"),
        ("labels", b'{"labels": [' + label + b"]}"),
        ("labels", b'{"labels": [{"key": ' + nested(depth) + b', "target": true}]}'),
        ("labels", b'{"labels": [{"key": 1, "target": true, "' + b'x": ' + nested(depth) + b"}]}"),
        ("labels", b'{"labels": [' + nested(depth) + b"]}"),
    ):
        status, _, text = ask(port, "POST", f"/{NAME}/{path}", body)
        assert status == 422, (path, text[:200])


def test_every_cell_that_breaks_a_rule_is_counted_and_a_hundred_are_listed(version: ModelVersion) -> None:
    with running() as (_, port):
        rows = [{**ROW, "visit": at, "amount": -1} for at in range(250)]
        status, _, text = ask(port, "POST", f"/{NAME}/predict", {"rows": rows})
        assert (status, len(json.loads(text)["detail"])) == (422, 100)
        labels = [{"key": at, "target": "maybe"} for at in range(250)]
        assert ask(port, "POST", f"/{NAME}/labels", {"labels": labels})[0] == 422
        counted = ask(port, "GET", "/metrics")[2]
    lines = [line for line in counted.splitlines() if line.startswith("lifecycle_rows_rejected_total{")]
    assert sorted(float(line.rpartition(" ")[2]) for line in lines) == [250.0, 250.0]


@contextmanager
def in_place_of(folder: Path) -> Iterator[None]:
    """A file where a folder should be: a disk that takes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.write_text("")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


def test_labels_that_the_disk_refuses_are_503_and_can_be_sent_again(version: ModelVersion) -> None:
    with running(intake_seconds=3600.0) as (_, port):
        with in_place_of(segments.place(settings().home, NAME, "labels")):
            status, headers, text = ask(port, "POST", f"/{NAME}/labels", LABELS)
            assert (status, "retry-after" in headers) == (503, True), text
            assert str(settings().home) not in text
        assert ask(port, "POST", f"/{NAME}/labels", LABELS)[0] == 200


def test_predictions_go_on_while_the_disk_refuses_their_log(version: ModelVersion) -> None:
    with running(intake_seconds=3600.0) as (_, port), in_place_of(segments.place(settings().home, NAME, "predictions")):
        for _ in range(20):
            assert ask(port, "POST", f"/{NAME}/predict", {"rows": [ROW]})[0] == 200


def test_without_postgresql_all_that_a_loaded_champion_needs_is_there(version: ModelVersion) -> None:
    folder = settings().home / "postgres"
    with running() as (_, port):
        postgres.stop(folder)
        try:
            for path, body, wanted in (
                ("/live", None, 200),
                ("/ready", None, 200),
                ("/metrics", None, 200),
                (f"/{NAME}/model", None, 200),
                (f"/{NAME}/form", None, 200),
                (f"/{NAME}/card", None, 200),
                (f"/{NAME}/predict", {"rows": [ROW]}, 200),
                (f"/{NAME}/explain", {"rows": [ROW]}, 200),
                (f"/{NAME}/labels", LABELS, 200),
            ):
                status, headers, text = ask(port, "POST" if body else "GET", path, body)
                assert status == wanted, (path, text[:300])
                assert status == 200 or headers["retry-after"]
                assert str(settings().home) not in text, path
        finally:
            postgres.revive(folder)
        for path, body in ((f"/{NAME}/card", None), (f"/{NAME}/explain", {"rows": [ROW]})):
            assert ask(port, "POST" if body else "GET", path, body)[0] in (200, 404), path


@pytest.mark.parametrize("broken", [b"", b"PAR1 no parquet", b"PAR1" + bytes(range(256)) * 20 + b"PAR1"])
def test_a_broken_background_is_one_sentence(version: ModelVersion, broken: bytes) -> None:
    kept = tracking.local(tracking.location(version.run_id))
    assert kept
    file = kept / shapley.FILE
    before = file.read_bytes()
    file.write_bytes(broken)
    try:
        with running() as (_, port):
            status, _, text = ask(port, "POST", f"/{NAME}/explain", {"rows": [ROW]})
            assert status == 503, text
            assert "train again" in text
            assert str(settings().home) not in text
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize(
    "said",
    [
        "somebody changed /opt/of mine/home/mlflow/1/models/m-1: restore it",
        "[Errno 2] No such file or directory: '/srv/a/b/model.pkl'",
        "cannot read s3://bucket/prefix/models; restore it",
        "at file:///a/b/c",
        "somebody changed /opt/it's here/m-1: restore it",
        "the hash of '/srv' is another",
        "the file '/opt/of mine (old), 2/m' is gone",
        "cannot reach https://bucket.opt:9000 now",
        'version 3 is champion and cannot be loaded: OperationalError: connection to server at "srv", user "opt" failed',
    ],
)
def test_ready_tells_no_path(said: str) -> None:
    told = _open("shop", {"ready": False, "error": said})["error"]
    assert "GET /shop/model" in told
    for piece in ("opt", "srv", "bucket", "/a/b"):
        assert piece not in told


def test_what_went_wrong_is_told_where_no_path_is_in_it() -> None:
    said = "there is no champion yet; run 'lifecycle run shop', or ask for and/or"
    assert _open("shop", {"error": said}) == {"error": said}
    said = "version 3 is champion and cannot be loaded: MLflow run abc: it should hold the artifact 'model', found none; train the model again"
    assert _open("shop", {"error": said}) == {"error": said}


def test_what_ready_keeps_to_itself_the_model_says(version: ModelVersion) -> None:
    with running() as (application, _):
        predictor = application.state.predictors[NAME]
    predictor.load_error = "version 99 is champion and cannot be loaded: OSError: /srv/models"  # now that nobody follows any more
    assert "srv" not in _open(NAME, state(predictor))["warning"]
    assert json.loads(asyncio.run(_model(predictor)()).body)["warning"] == predictor.load_error


def test_before_a_champion_every_route_says_when_to_come_again() -> None:
    nobody = toy("served_nobody")
    application = create(Options(use_cases=(nobody,), at=settings(), place=Place()))
    with serving(application, "app.http.timeouts:TimeoutProtocol") as port:
        for path, body in (("predict", {"rows": [ROW]}), ("explain", {"rows": [ROW]}), ("model", None), ("card", None)):
            status, headers, _ = ask(port, "POST" if body else "GET", f"/{nobody.name}/{path}", body)
            assert (status, "retry-after" in headers) == (503, True), path
        status, headers, _ = ask(port, "GET", "/ready")
        assert (status, "retry-after" in headers) == (503, True)


def test_a_host_is_a_name_and_not_a_book(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/live", headers={"Host": f"[::1%25{'x' * 5_000}]"})
    assert connection.getresponse().status == 400
    connection.close()


def test_rows_in_memory_are_bounded_in_bytes_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_buffer, "MAX_BYTES", 10_000_000)
    rows = RequestBuffer(0, {"customer": 1})
    for at in range(100):
        rows.put((at, at % 3, "x" * 1_000_000))
    assert len(rows) <= 10
    assert rows.dropped == 100 - len(rows)
    assert rows.bytes <= 10_000_000
    assert rows.get(99) is not None
    assert 0 not in rows
    before = rows.bytes
    rows.put((99, 1, "short"))
    assert rows.bytes < before
    assert {row[0] for row in rows.of({"customer": [0, 1, 2]}, [])} == {row[0] for row in rows}


def test_a_value_in_a_complaint_is_short_whatever_it_is() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, {"a": deep}, "x" * 10_000_000, 10**400, float("nan"), b"x" * 1_000):
        assert len(str(shown(value))) <= 500
