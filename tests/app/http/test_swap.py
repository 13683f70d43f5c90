"""Another champion while the service answers: no request fails, every answer names who gave it, a broken one is not taken."""

import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.http.application import Options, create
from lifecycle import decisions
from lifecycle.references import ModelVersion, Parts
from lifecycle.store import models, tracking
from lifecycle.usecase import UseCase
from tests.challengers import parts_of
from tests.served import WAIT, Client, champion, registered, serving
from tests.toys import toy

ROW = {"visit": 1, "at": "2026-01-01T12:00:00", "customer": 3, "gender": "f", "amount": 80.0, "kind": "a", "age": None}
CONNECTIONS, SWAPS = 16, 8


@pytest.fixture(scope="module")
def use_case() -> UseCase:
    return toy("swapped", parameters={"rows": 1_500})


@pytest.fixture(scope="module")
def parts(use_case: UseCase) -> Parts:
    return parts_of(use_case)


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def port(use_case: UseCase, told: list[dict[str, Any]]) -> Iterator[int]:
    """The service starts before there is any model."""
    options = Options(use_cases=(use_case,), tell=lambda event, **facts: told.append({"event": event, **facts}))
    with serving(create(options)) as port:
        yield port


@pytest.fixture
def client(port: int) -> Client:
    return Client(port)


def ask(client: Client) -> tuple[int, Any]:
    return client.post("/swapped/predict", {"rows": [ROW]})


def answers_by(version: ModelVersion) -> Any:
    return lambda status, answer: status == 200 and answer["model_version"] == str(version.version)


@pytest.fixture(scope="module")
def first(use_case: UseCase, parts: Parts, port: int) -> ModelVersion:
    """The first champion, made while the service runs, which says until then that there is none."""
    client = Client(port)
    status, answer = client.get("/ready")
    assert (status, answer["ready"], answer["use_cases"]["swapped"]["error"]) == (503, False, "there is no champion yet")
    status, answer = ask(client)
    assert status == 503
    assert "has no champion yet; run 'lifecycle run swapped'" in answer["error"]
    assert client.get("/swapped/model")[0] == 503
    assert client.get("/live")[0] == 200
    return champion(use_case, parts, "linear", alpha=1.0)


def test_a_first_champion_is_taken_up_by_itself(client: Client, first: ModelVersion) -> None:
    client.until("/ready", lambda status, _: status == 200)
    assert client.get("/swapped/model")[1]["model_version"] == str(first.version)
    assert ask(client)[0] == 200


def test_promotions_and_rollbacks_drop_no_request_and_every_answer_names_who_gave_it(
    port: int, client: Client, use_case: UseCase, parts: Parts, first: ModelVersion
) -> None:
    second = registered(use_case, parts, "linear", alpha=50.0)
    said: list[tuple[int, Any]] = []
    stop = threading.Event()

    def go_on() -> None:
        own = Client(port)
        while not stop.is_set():
            said.append(ask(own))
            stop.wait(0.01)

    threads = [threading.Thread(target=go_on) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(SWAPS):
            if turn % 2:
                decisions.rollback(use_case, None, "test")
            else:
                decisions.promote_by_hand(use_case, second.version, "test")
            client.until("/swapped/model", answers_by(first if turn % 2 else second))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in said} == {200}
    by_version: dict[str, set[float]] = {}
    for _, answer in said:
        by_version.setdefault(answer["model_version"], set()).add(round(answer["predictions"][0]["probability"], 9))
    assert {name: len(found) for name, found in by_version.items()} == {str(first.version): 1, str(second.version): 1}
    assert by_version[str(first.version)] != by_version[str(second.version)]


@pytest.mark.parametrize("broken", ["model.pkl", "graph", "gone"])
def test_a_champion_that_was_tampered_with_leaves_the_one_before_it_answering(
    broken: str, client: Client, use_case: UseCase, parts: Parts, first: ModelVersion, told: list[dict[str, Any]]
) -> None:
    version = registered(use_case, parts, "linear", alpha=2.0)
    folder = tracking.local(models.logged_model(version.run_id, version.sha256).artifact_location)
    run = tracking.local(tracking.location(version.run_id))
    assert folder
    assert run
    if broken == "gone":
        shutil.rmtree(folder)
    else:
        file = folder / "model.pkl" if broken == "model.pkl" else run / "compiled" / "model.onnx"
        file.write_bytes(file.read_bytes() + b" ")
    decisions.promote_by_hand(use_case, version.version, "test")
    answer = client.until("/ready", lambda _, answer: "warning" in answer["use_cases"]["swapped"])
    warning = answer["use_cases"]["swapped"]["warning"]
    assert answer["ready"]
    assert f"version {version.version} is champion and cannot be loaded" in warning
    assert broken == "gone" or "SHA-256" in warning
    assert ask(client)[1]["model_version"] == str(first.version)
    lost = [fact for fact in told if fact["event"] == "model not loaded" and fact["version"] == version.version]
    assert [fact["serving"] for fact in lost] == [first.version]
    decisions.rollback(use_case, None, "test")
    client.until("/ready", lambda _, answer: "warning" not in answer["use_cases"]["swapped"])


def test_a_model_that_cannot_be_compiled_answers_as_it_is(
    client: Client, use_case: UseCase, parts: Parts, first: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecycle.compiled.heads.KINDS", {})
    version = champion(use_case, parts, "linear", alpha=1.0)
    client.until("/swapped/model", answers_by(version))
    assert client.get("/swapped/model")[1]["answers_by"] == "pipeline"
    plain = ask(client)[1]["predictions"][0]["probability"]
    decisions.rollback(use_case, None, "test")
    client.until("/swapped/model", answers_by(first))
    assert client.get("/swapped/model")[1]["answers_by"] == "onnx"
    assert ask(client)[1]["predictions"][0]["probability"] == pytest.approx(plain, abs=1e-9)


def test_the_newest_challenger_answers_beside_the_champion_unseen(use_case: UseCase, parts: Parts, first: ModelVersion) -> None:
    from lifecycle.stages.promote import promote

    entries: list[Any] = []

    class Kept:
        def room(self, rows: int, /) -> None:
            pass

        def append(self, some: Any, /, size: int = 0) -> None:
            entries.extend(some)

    challenger = registered(use_case, parts, "linear", alpha=10.0)
    promote(use_case, challenger)
    application = create(Options(use_cases=(use_case,), shadow=True, journal=lambda _: Kept()))
    with serving(application) as port:
        client = Client(port)
        client.until("/ready", lambda status, _: status == 200)
        answer, end = None, time.monotonic() + WAIT
        while not any(entry.get("shadow") for entry in entries):  # both are remembered before the answer goes out
            status, answer = ask(client)
            assert (status, answer["model_version"]) == (200, str(first.version))
            assert time.monotonic() < end, f"the challenger {challenger.version} is not asked"
    seen, shadow = entries[-2:]
    assert answer
    assert seen["id"] == answer["predictions"][0]["id"] != shadow["id"]
    assert (seen["model_version"], shadow["model_version"], shadow["shadow"]) == (first.version, challenger.version, True)
    assert (seen["key"], shadow["key"]) == ("1", "1")
    assert seen["inputs"] == ROW


def test_the_former_champion_is_in_memory_before_anybody_rolls_back(use_case: UseCase, parts: Parts, first: ModelVersion) -> None:
    champion(use_case, parts, "linear", alpha=20.0)
    application = create(Options(use_cases=(use_case,)))
    predictor = application.state.predictors["swapped"]
    with serving(application) as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        end = time.monotonic() + WAIT
        while not predictor.is_loaded(first.version):
            assert time.monotonic() < end
            time.sleep(0.05)
    decisions.rollback(use_case, None, "test")


def test_what_is_not_there_is_said_in_one_sentence(client: Client, first: ModelVersion) -> None:
    assert client.post("/nobody/predict", {"rows": [ROW]}) == (404, {"error": "there is no use case 'nobody' here; there are swapped"})
    assert client.get("/swapped/predict")[0] == 405
    for body in (b"{", b"\xff", b'{"rows": []}', b"[]", b'{"rows": {"a": 1}}', b'{"rows": [NaN]}'):
        status, answer = client.post("/swapped/predict", body)
        assert (status, list(answer)) == (422, ["error"])


def test_the_documentation_shows_real_fields_ranges_and_examples(client: Client, first: ModelVersion) -> None:
    document = client.get("/openapi.json")[1]
    operation = document["paths"]["/swapped/predict"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    row = content["schema"]["properties"]["rows"]["items"]
    assert row["properties"]["amount"] == {"type": "number", "minimum": 0, "maximum": 10000}
    assert row["properties"]["kind"] == {"type": "string", "enum": ["a", "b", "c"]}
    assert row["properties"]["age"]["type"] == ["number", "null"]
    assert "bought" not in row["properties"]
    assert row["required"] == ["at", "customer", "gender", "amount", "kind", "age"]
    assert client.post("/swapped/predict", content["example"])[0] == 200
    assert {"200", "413", "422", "503"} <= set(operation["responses"])
