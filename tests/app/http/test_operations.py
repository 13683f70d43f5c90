"""What a service has beside its predictions, over real HTTP."""

import http.client
import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.monitoring.live_rows import logged
from lifecycle.prediction_log import ingest, segments
from lifecycle.references import ModelVersion
from lifecycle.settings import settings
from lifecycle.store import keys
from lifecycle.store.lake import lake
from tests.app.http.conftest import NAME, ROW, running, shop
from tests.served import Client

Answer = tuple[int, dict[str, str], Any]


def ask(port: int, path: str, body: Any = None, method: str = "", **headers: str) -> Answer:
    """One request on a connection of its own: status, headers, the answer (decoded where it is JSON)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(
        method or ("POST" if data is not None else "GET"), path, data, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, found, json.loads(text) if "json" in found.get("content-type", "") else text.decode()


def predict(port: int, **headers: str) -> Answer:
    return ask(port, f"/{NAME}/predict", {"rows": [ROW]}, **headers)


def until(look: Callable[[], Any], seconds: float = 30) -> Any:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return found


def numbers(port: int) -> dict[str, float]:
    """The lines of /metrics."""
    text = ask(port, "/metrics")[2]
    return {name: float(value) for name, value in re.findall(r"^(lifecycle_\S+) (\S+)$", text, re.MULTILINE)}


def test_what_is_answered_is_in_the_lake_soon_and_a_label_is_joined_to_it(port: int, version: ModelVersion) -> None:
    row = {**ROW, "visit": 70_100}
    said = ask(port, f"/{NAME}/predict", {"rows": [row]})[2]["predictions"][0]
    assert ask(port, f"/{NAME}/labels", {"labels": [{"key": 70_100, "target": True}]})[2] == {"accepted": 1}
    query = f"SELECT id, key, origin, inputs, latency, model_version FROM {NAME}.predictions WHERE key = '70100'"
    found = until(lambda: lake().rows(query))
    assert found[0][:3] == (said["id"], "70100", "http")
    assert json.loads(found[0][3])["amount"] == row["amount"]
    assert found[0][4] > 0
    assert found[0][5] == version.version
    assert until(lambda: lake().rows(f"SELECT target FROM {NAME}.labels WHERE key = '70100'")) == [("true",)]
    assert "70100" in logged(shop(), version)["key"].to_list()


def test_a_row_without_a_key_is_named_by_the_id_of_its_answer(port: int) -> None:
    row = {name: value for name, value in ROW.items() if name != "visit"}
    said = ask(port, f"/{NAME}/predict", {"rows": [row]})[2]["predictions"][0]
    assert ask(port, f"/{NAME}/labels", {"labels": [{"key": said["id"], "target": False}]})[0] == 200
    assert until(lambda: lake().rows(f"SELECT key FROM {NAME}.predictions WHERE id = '{said['id']}'")) == [(said["id"],)]


def test_wrong_labels_are_refused_with_row_column_and_rule_and_none_of_them_is_kept(port: int) -> None:
    status, _, said = ask(port, f"/{NAME}/labels", {"labels": [{"key": "kept?", "target": True}, {"key": "b", "target": "perhaps"}]})
    assert status == 422
    assert [(each["row"], each["column"]) for each in said["detail"]] == [(1, "target")]
    assert "true or false" in said["detail"][0]["rule"]
    ingest.take(NAME)
    assert lake().rows(f"SELECT count(*) FROM {NAME}.labels WHERE key = 'kept?'") == [(0,)]


def test_a_label_is_on_the_disk_before_it_is_confirmed(version: ModelVersion) -> None:
    with running(intake_seconds=1e6) as (_, port):
        time.sleep(1)  # the intake at the start
        folder = segments.place(settings().home, NAME, "labels")
        assert ask(port, f"/{NAME}/labels", {"labels": [{"key": "safe", "target": True}]})[0] == 200
        assert len(segments.waiting(folder)) == 1
    ingest.take(NAME)


def test_reasons_add_up_to_what_the_model_says(port: int) -> None:
    status, _, why = ask(port, f"/{NAME}/explain", {"rows": [ROW]})
    said = predict(port)[2]["predictions"][0]
    assert status == 200
    assert why["base"] + sum(each["contribution"] for each in why["contributions"]) == pytest.approx(said["probability"], abs=1e-9)
    assert {each["input"] for each in why["contributions"]} == {"amount", "kind", "age", "log_amount"}
    assert ask(port, f"/{NAME}/explain", {"rows": [{**ROW, "amount": -1}]})[0] == 422


def test_metrics_count_requests_rows_rules_and_the_log_and_show_drift(port: int) -> None:
    before = numbers(port)
    for _ in range(3):
        predict(port)
    ask(port, f"/{NAME}/predict", {"rows": [{**ROW, "amount": -1.0, "kind": "z"}]})
    ask(port, "/made/up/by/a/client")

    def grown(name: str) -> float:
        return numbers(port).get(name, 0) - before.get(name, 0)

    assert grown(f'lifecycle_requests_total{{method="POST",route="predict",status="200",use_case="{NAME}"}}') == 3
    assert grown('lifecycle_requests_total{method="GET",route="other",status="404",use_case=""}') == 1
    assert grown(f'lifecycle_rows_rejected_total{{column="amount",rule="greater_than_or_equal_to(0)",use_case="{NAME}"}}') == 1
    assert grown(f'lifecycle_rows_total{{use_case="{NAME}"}}') == 3
    assert grown(f'lifecycle_request_seconds_count{{route="predict",use_case="{NAME}"}}') == 4
    until(lambda: grown(f'lifecycle_journal_rows_written{{use_case="{NAME}"}}') >= 3)
    assert until(lambda: numbers(port).get(f'lifecycle_input_psi{{column="amount",use_case="{NAME}"}}'))
    assert any(name.startswith("lifecycle_model{") for name in before)
    assert numbers(port)[f'lifecycle_journal_rows_dropped{{use_case="{NAME}"}}'] == 0


def test_inputs_that_are_not_those_of_training_show_as_drift(version: ModelVersion) -> None:
    with running() as (_, port):
        rows = [{**ROW, "visit": 80_000 + i, "amount": 5_000 + i} for i in range(400)]
        assert ask(port, f"/{NAME}/predict", {"rows": rows})[0] == 200
        psi = until(lambda: numbers(port).get(f'lifecycle_input_psi{{column="amount",use_case="{NAME}"}}'))
        assert psi > numbers(port)[f'lifecycle_input_psi_limit{{column="amount",use_case="{NAME}"}}']
        assert numbers(port)[f'lifecycle_input_rows{{use_case="{NAME}"}}'] == 400


def test_the_form_has_the_fields_of_the_schema_and_its_values_are_accepted(port: int) -> None:
    form = ask(port, f"/{NAME}/form")[2]
    fields = {each["name"]: each for each in form["fields"]}
    assert set(fields) == set(ROW)
    assert fields["kind"]["choices"] == ["a", "b", "c"]
    assert (fields["amount"]["minimum"], fields["amount"]["maximum"]) == (0, 10_000)
    assert 20 < fields["amount"]["example"] < 120
    assert set(fields["kind"]["suggestions"]) == {"a", "b", "c"}
    assert form["target"]["positive"] is True
    row = {name: each["example"] for name, each in fields.items() if not each["optional"]}
    assert ask(port, f"/{NAME}/predict", {"rows": [row]})[0] == 200


def test_request_ids_are_taken_where_they_are_sane_and_every_answer_carries_one(port: int) -> None:
    assert predict(port, X_Request_ID="mine-1.2")[1]["x-request-id"] == "mine-1.2"
    for odd in ("", "a b", "x" * 65, "../x", "é"):
        assert re.fullmatch("[0-9a-f]{32}", predict(port, X_Request_ID=odd)[1]["x-request-id"])
    headers = ask(port, "/nothing/here")[1]
    assert headers["x-content-type-options"] == "nosniff"
    assert len(headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("10.1.2.3", 200),
        ("evil.example", 400),
        ("", 400),
        ("localhost.evil.example", 400),
        ("a@b", 400),
        ("evil.example@127.0.0.1", 400),
        ("evil.example:80@127.0.0.1", 400),
        ("localhost/evil.example", 400),
        ("localhost:99999999", 400),
    ],
)
def test_a_host_that_is_none_of_ours_is_refused(port: int, host: str, status: int) -> None:
    assert ask(port, "/live", Host=host)[0] == status


def test_hosts_and_origins_are_a_setting(version: ModelVersion, port: int) -> None:
    page = "https://app.example"
    assert predict(port, Origin=page)[0] == 403
    assert predict(port, Host="localhost", Origin="http://localhost")[0] == 200
    with running(allowed_hosts="api.example,*.inner.example", cors_origins=page) as (_, other):
        assert ask(other, "/live", Host="api.example")[0] == 200
        assert ask(other, "/live", Host="a.inner.example:8000")[0] == 200
        assert ask(other, "/live", Host="inner.example")[0] == 400
        status, headers, _ = predict(other, Origin=page)
        assert (status, headers["access-control-allow-origin"]) == (200, page)
        status, headers, _ = ask(other, f"/{NAME}/predict", method="OPTIONS", Origin=page, Access_Control_Request_Method="POST")
        assert (status, headers["access-control-allow-origin"]) == (204, page)
        assert "x-api-key" in headers["access-control-allow-headers"]
        assert predict(other, Origin="https://other.example")[0] == 403


def test_with_keys_a_wrong_or_missing_one_is_401_and_a_revoked_one_within_seconds(version: ModelVersion) -> None:
    with running() as (_, port):
        assert predict(port)[0] == 200
        key, other = keys.add("tester"), keys.add("other")
        try:
            until(lambda: predict(port)[0] == 401)
            wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
            for headers in (
                {},
                {"X_API_Key": ""},
                {"X_API_Key": "nonsense"},
                {"X_API_Key": wrong},
                {"X_API_Key": key + "é"},
                {"Authorization": "Basic x"},
            ):
                assert predict(port, **headers)[0] == 401
            assert predict(port, X_API_Key=key)[0] == 200
            assert predict(port, Authorization=f"Bearer {other}")[0] == 200
            assert [ask(port, path)[0] for path in ("/live", "/ready", "/", "/page/page.js", "/docs")] == [200] * 5
            assert [ask(port, path)[0] for path in ("/metrics", f"/{NAME}/model", f"/{NAME}/form", "/nothing")] == [401] * 4
            keys.revoke("tester")
            until(lambda: predict(port, X_API_Key=key)[0] == 401)
            assert predict(port, X_API_Key=other)[0] == 200
            keys.revoke("other")
            until(lambda: predict(port, X_API_Key=other)[0] == 401)
            assert predict(port)[0] == 401  # the last key gone leaves the door shut
        finally:
            for name in {each.name for each in keys.every() if each.revoked_at is None}:
                keys.revoke(name)
            keys.forget()
        until(lambda: predict(port)[0] == 200)


def test_too_many_bytes_or_rows_are_413(version: ModelVersion) -> None:
    with running(max_body_mb=0.01, max_rows=20) as (_, port):
        status, _, said = ask(port, f"/{NAME}/predict", {"rows": [ROW] * 21})
        assert (status, "20 rows" in said["error"]) == (413, True)
        assert ask(port, f"/{NAME}/labels", {"labels": [{"key": "a", "target": True}] * 21})[0] == 413
        status, _, said = ask(port, f"/{NAME}/predict", b"x" * 10_001)
        assert (status, "0.01 MB" in said["error"]) == (413, True)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:  # in chunks, with no length to go by
            connection.sendall(f"POST /{NAME}/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            connection.sendall(b"1000\r\n" + b"x" * 0x1000 + b"\r\n" + b"1000\r\n" + b"x" * 0x1000 + b"\r\n" + b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            assert connection.recv(12) == b"HTTP/1.1 413"
        assert predict(port)[0] == 200


def test_a_client_that_comes_too_often_is_told_when_to_come_again(version: ModelVersion) -> None:
    with running(rate=2) as (_, port):
        answers = [predict(port) for _ in range(8)]
        refused = [answer for answer in answers if answer[0] == 429]
        assert len(refused) >= 3
        assert int(refused[0][1]["retry-after"]) >= 1
        assert ask(port, "/live")[0] == 200


def test_slow_clients_are_dropped_and_hold_up_nobody(version: ModelVersion) -> None:
    with running(client_seconds=0.5) as (_, port):
        start = f"POST /{NAME}/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n".encode()
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(20)]
        for connection in slow:
            connection.sendall(start + b"{")
        assert predict(port)[0] == 200
        assert {connection.recv(12) for connection in slow} == {b"HTTP/1.1 408"}
        for connection in slow:
            connection.close()


def test_headers_that_do_not_come_or_never_end_close_the_connection(version: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.http import timeouts

    quick = settings().model_copy(update={"client_seconds": 0.5})
    monkeypatch.setattr(timeouts, "settings", lambda: quick)
    with running() as (_, port):
        for sent in (b"", b"GET /live HTTP/1.1\r\nHost: loc", b"GET /live HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 20_000):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                try:
                    connection.sendall(sent)
                    assert connection.recv(100) == b""
                except ConnectionError:
                    pass
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"


def test_whatever_breaks_inside_is_a_500_with_its_id_and_nothing_else(version: ModelVersion) -> None:
    with running() as (application, port):

        @application.get("/boom")
        def boom() -> None:
            raise RuntimeError("the secret 4711")

        application.router.routes.insert(0, application.router.routes.pop())
        status, headers, said = ask(port, "/boom", X_Request_ID="broken-1")
        assert (status, headers["x-request-id"]) == (500, "broken-1")
        assert said == {"error": "the service failed at this; its log says why"}

        def line() -> list[dict[str, Any]]:
            lines = [json.loads(text) for path in (settings().home / "logs").glob("http-*.jsonl") for text in path.read_text().splitlines()]
            return [each for each in lines if each.get("request_id") == "broken-1"]

        until(lambda: len(line()) >= 2)  # other services of this process may have written it too
        failed = next(each for each in line() if "exception" in each)
        assert failed["exception"] == "RuntimeError"
        assert any("boom" in place for place in failed["at"])
        assert "4711" not in json.dumps(line())


def test_the_log_has_a_line_for_each_request_without_inputs_or_keys(port: int) -> None:
    predict(port, X_Request_ID="logged-1", X_API_Key="lk_secret")

    def found() -> list[str]:
        return [text for path in (settings().home / "logs").glob("http-*.jsonl") for text in path.read_text().splitlines() if "logged-1" in text]

    line = json.loads(until(found)[0])
    assert (line["method"], line["path"], line["status"], line["client"]) == ("POST", f"/{NAME}/predict", 200, "127.0.0.1")
    assert line["ms"] > 0
    assert "120.5" not in found()[0]
    assert "lk_secret" not in found()[0]


def test_openapi_describes_what_there_is(port: int) -> None:
    paths = ask(port, "/openapi.json")[2]["paths"]
    assert {f"/{NAME}/{route}" for route in ("predict", "labels", "explain", "form", "card", "model")} <= set(paths)
    schema = paths[f"/{NAME}/labels"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["labels"]["items"]["properties"]["target"]["type"] == "boolean"


def test_a_stop_waits_for_nothing_and_leaves_nothing_behind(version: ModelVersion) -> None:
    with running(flush_seconds=3600, intake_seconds=1e6) as (_, port):
        asked = {**ROW, "visit": 90_001}
        Client(port).post(f"/{NAME}/predict", {"rows": [asked]})
    ingest.take(NAME)
    assert lake().rows(f"SELECT count(*) FROM {NAME}.predictions WHERE key = '90001'") == [(1,)]
