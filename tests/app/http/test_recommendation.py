"""A recommender that is asked over HTTP: by users, by lists, with what clients tell of users."""

import dataclasses
import json
from collections.abc import Iterator

import pytest

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle import Gate, Generated, Tuning, ease, popularity
from lifecycle.decisions import promote_by_hand
from lifecycle.prediction_log import ingest
from lifecycle.references import ModelVersion
from lifecycle.settings import Settings, settings
from lifecycle.stages.collect import collect
from lifecycle.stages.evaluate import evaluate
from lifecycle.stages.register import register
from lifecycle.stages.score import score
from lifecycle.stages.train import train
from lifecycle.stages.tune import tune
from lifecycle.stages.validate import validate
from lifecycle.store.lake import lake
from lifecycle.usecase import UseCase
from tests.challengers import parts_of
from tests.served import Client, serving
from usecases import recommendation
from usecases._taste_simulator import simulate

USE_CASE: UseCase = dataclasses.replace(
    recommendation.use_case,
    name="tips",
    candidates=(popularity(), ease()),
    tuning=Tuning(trials=2),
    gate=Gate(),
    source=Generated(simulate, {"rows": 4_000, "users": 120, "items": 150, "days": 30}, deterministic=True),
)


@pytest.fixture(scope="module")
def version() -> ModelVersion:
    trained = train(USE_CASE, tune(USE_CASE, parts_of(USE_CASE)))
    made = register(USE_CASE, evaluate(USE_CASE, trained))
    promote_by_hand(USE_CASE, made.version, "test")
    return made


@pytest.fixture(scope="module")
def port(version: ModelVersion) -> Iterator[int]:
    at = Settings(**{**settings().model_dump(), "flush_seconds": 0.05, "intake_seconds": 0.5})
    with serving(create(Options(use_cases=(USE_CASE,), at=at, place=Place()))) as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        yield port


def items(answer: dict) -> list[str]:
    return [each["item"] for each in answer["items"]]


def test_batch_and_http_give_the_same_lists(version: ModelVersion, port: int) -> None:
    score(USE_CASE, version.evaluated.trained.parts.features)
    kept = lake().rows("SELECT key, items, known FROM tips.predictions WHERE origin = 'batch' ORDER BY key")
    assert len(kept) == lake().value('SELECT count(DISTINCT "user") FROM tips.raw')
    client = Client(port)
    events = dict(lake().rows('SELECT "user", list(item) FROM tips.raw GROUP BY 1'))
    for user, shown, known in kept[:40]:
        status, answer = client.post("/tips/predict", {"user": user, "k": 10})
        assert status == 200, answer
        assert (answer["items"], answer["known"]) == (json.loads(shown), known)
        assert not set(items(answer)) & set(events.get(user, ()))


def test_whoever_is_not_known_gets_what_most_users_liked(port: int) -> None:
    _, nobody = Client(port).post("/tips/predict", {"user": "nobody", "k": 3})
    assert {each["reason"] for each in nobody["items"]} == {"popular with others"}
    assert [each["rank"] for each in nobody["items"]] == [1, 2, 3]
    _, unknown = Client(port).post("/tips/predict", {"items": ["left the catalogue"], "k": 3})
    assert items(unknown) == items(nobody)


def test_rows_and_a_single_question_say_the_same(port: int) -> None:
    _, both = Client(port).post("/tips/predict", {"rows": [{"user": "u1", "k": 4}, {"items": ["i1", "i2"], "k": 2}]})
    alone = [Client(port).post("/tips/predict", question)[1] for question in ({"user": "u1", "k": 4}, {"items": ["i1", "i2"], "k": 2})]
    assert [each["items"] for each in both["predictions"]] == [each["items"] for each in alone]
    assert not {"i1", "i2"} & {*items(alone[1])}


def test_what_a_client_tells_moves_the_next_answer_and_the_next_ingest_takes_it(port: int) -> None:
    client = Client(port)
    _, before = client.post("/tips/predict", {"user": "newcomer", "k": 5})
    told = [{"user": "newcomer", "item": items(before)[0], "rating": 5}, {"key": "newcomer", "target": items(before)[1]}]
    status, answer = client.post("/tips/labels", {"labels": told})
    assert (status, answer) == (200, {"accepted": 2})
    _, after = client.post("/tips/predict", {"user": "newcomer", "k": 5})
    assert after["known"] == 2
    assert not {*items(before)[:2]} & {*items(after)}
    assert any(each["reason"].startswith("because you liked") for each in after["items"])
    ingest.take(USE_CASE)
    snapshot = validate(USE_CASE, collect(USE_CASE, "feedback"))
    assert (snapshot.kept, snapshot.quarantined) == (2, 0)
    assert lake().value("SELECT count(*) FROM tips.raw WHERE \"user\" = 'newcomer' AND genres IS NOT NULL") == 2
    again = validate(USE_CASE, collect(USE_CASE, "feedback"))
    assert again.rows == snapshot.rows


def test_what_was_shown_is_logged_with_its_rank(port: int) -> None:
    client = Client(port)
    _, answer = client.post("/tips/predict", {"user": "watcher", "k": 3})
    found: list = []
    for _ in range(100):
        ingest.take(USE_CASE)
        if found := lake().rows("SELECT items, time FROM tips.predictions WHERE id = ?", [answer["id"]]):
            break
    assert [(each["rank"], each["item"]) for each in json.loads(found[0][0])] == [(each["rank"], each["item"]) for each in answer["items"]]
    assert found[0][1] is not None


@pytest.mark.parametrize(
    ("question", "column", "rule"),
    [
        ({}, "user", "a question has a user, or a list of items"),
        ({"user": "", "k": 3}, "user", "not_nullable"),
        ({"user": {"a": 1}}, "user", "type VARCHAR"),
        ({"user": "u1", "k": 0}, "k", "a whole number from 1 to 100"),
        ({"user": "u1", "k": 10**9}, "k", "a whole number from 1 to 100"),
        ({"user": "u1", "k": True}, "k", "a whole number from 1 to 100"),
        ({"items": ["i1"] * 1_001}, "items", "a list of at most 1,000 items"),
        ({"items": "i1"}, "items", "a list of at most 1,000 items"),
        ({"items": [None]}, "items", "a list of at most 1,000 items"),
    ],
)
def test_a_question_that_is_none_is_answered_422_with_its_rule(port: int, question: dict, column: str, rule: str) -> None:
    status, answer = Client(port).post("/tips/predict", question)
    assert status == 422
    assert (answer["detail"][0]["column"], answer["detail"][0]["rule"]) == (column, rule)
    assert Client(port).post("/tips/predict", {"rows": [question]})[0] == 422
