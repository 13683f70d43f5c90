"""A service while other hands are in MLflow: it follows the ledger, runs nothing that was planted, and says what differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle import decisions
from lifecycle.evaluation import shapley
from lifecycle.references import ModelVersion, Parts
from lifecycle.settings import Settings, settings
from lifecycle.store import tracking
from lifecycle.usecase import UseCase
from tests.app.http.conftest import ROW
from tests.challengers import parts_of
from tests.meddling import planted, spoilt, sprung
from tests.served import Client, beside, champion, registered, serving
from tests.toys import toy

NAME = "meddled_service"


@pytest.fixture(scope="module")
def use_case() -> UseCase:
    return toy(NAME, parameters={"rows": 1_500})


@pytest.fixture(scope="module")
def parts(use_case: UseCase) -> Parts:
    return parts_of(use_case)


@pytest.fixture(scope="module")
def first(use_case: UseCase, parts: Parts) -> ModelVersion:
    """The first champion."""
    return champion(use_case, parts, beside=beside)


def service(use_case: UseCase) -> Any:
    at = Settings(**{**settings().model_dump(), "flush_seconds": 0.05})
    return serving(create(Options(use_cases=(use_case,), at=at, place=Place())), "app.http.timeouts:TimeoutProtocol")


@pytest.fixture(scope="module")
def client(use_case: UseCase, first: ModelVersion) -> Iterator[Client]:
    with service(use_case) as port:
        found = Client(port)
        found.until("/ready", lambda status, _: status == 200)
        yield found


def ask(client: Client, route: str = "predict") -> tuple[int, Any]:
    return client.post(f"/{NAME}/{route}", {"rows": [ROW]})


def state(client: Client) -> dict[str, Any]:
    return client.get("/ready")[1]["use_cases"][NAME]


def test_an_alias_that_was_moved_is_not_served_and_ready_says_so(client: Client, use_case: UseCase, parts: Parts, first: ModelVersion) -> None:
    other = registered(use_case, parts, alpha=50.0, beside=beside)
    tracking.client().set_registered_model_alias(NAME, "champion", str(other.version))
    answer = client.until("/ready", lambda _, answer: "registry" in answer["use_cases"][NAME])
    assert answer["ready"]
    (said,) = answer["use_cases"][NAME]["registry"]
    assert said.startswith(f"MLflow's alias 'champion' points at version {other.version}, and the promotions ledger says version {first.version}")
    assert ask(client)[1]["model_version"] == str(first.version)
    tracking.client().set_registered_model_alias(NAME, "champion", str(first.version))
    client.until("/ready", lambda _, answer: "registry" not in answer["use_cases"][NAME])


def test_a_rollback_is_live_without_a_restart(client: Client, use_case: UseCase, parts: Parts, first: ModelVersion) -> None:
    other = champion(use_case, parts, alpha=30.0, beside=beside)
    client.until(f"/{NAME}/model", lambda _, answer: answer["model_version"] == str(other.version))
    decisions.rollback(use_case)
    client.until(f"/{NAME}/model", lambda _, answer: answer["model_version"] == str(first.version))


def test_a_pickle_that_was_planted_is_not_run_by_the_service(
    client: Client, use_case: UseCase, parts: Parts, first: ModelVersion, tmp_path: Path
) -> None:
    version, mark = registered(use_case, parts, alpha=2.0, beside=beside), tmp_path / "ran"
    folder = planted(version, mark)
    decisions.promote_by_hand(use_case, version.version, "test")
    answer = client.until("/ready", lambda _, answer: "warning" in answer["use_cases"][NAME])
    said = answer["use_cases"][NAME]
    assert f"version {version.version} is champion and cannot be loaded: model of MLflow run" in said["warning"]
    assert ask(client)[1]["model_version"] == str(first.version)
    client.until("/ready", lambda _, answer: "registry" in answer["use_cases"][NAME])
    assert f"version {version.version} differs from what was registered in its tags" in state(client)["registry"][0]
    decisions.rollback(use_case, None, "test")
    client.until("/ready", lambda _, answer: "warning" not in answer["use_cases"][NAME])
    assert not mark.exists()
    assert sprung(mark, folder)


@pytest.mark.parametrize(
    ("path", "route", "status", "says"),
    [
        (shapley.FILE, "explain", 503, "the training rows kept beside it are missing or cannot be read; train again"),
        ("model_card.md", "card", 404, "its artifact 'model_card.md' must have the SHA-256"),
    ],
)
def test_a_file_that_was_changed_is_not_read(path: str, route: str, status: int, says: str, client: Client, use_case: UseCase, parts: Parts) -> None:
    version = champion(use_case, parts, alpha=4.0, beside=beside)
    spoilt(path)(version)
    client.until(f"/{NAME}/model", lambda _, answer: answer["model_version"] == str(version.version))
    found, answer = ask(client, route) if route == "explain" else client.get(f"/{NAME}/{route}")
    assert found == status
    assert says in answer["error"]
    assert ask(client)[0] == 200
    decisions.rollback(use_case, None, "test")


def test_a_champion_that_was_deleted_answers_as_long_as_it_is_in_memory_and_a_new_service_says_what_to_do(
    client: Client, use_case: UseCase, parts: Parts, first: ModelVersion
) -> None:
    client.until(f"/{NAME}/model", lambda _, answer: answer["model_version"] == str(first.version))
    version = champion(use_case, parts, alpha=9.0, beside=beside)
    client.until(f"/{NAME}/model", lambda _, answer: answer["model_version"] == str(version.version))
    tracking.client().delete_model_version(NAME, str(version.version))
    says = f"version {version.version} is champion by the promotions ledger and must be in MLflow's registry, and it was deleted in MLflow"
    client.until("/ready", lambda status, answer: status == 200 and says in str(answer["use_cases"][NAME].get("registry")))
    assert ask(client)[1]["model_version"] == str(version.version)
    with service(use_case) as port:
        other = Client(port)
        answer = other.until("/ready", lambda _, answer: says in answer["use_cases"][NAME].get("error", ""))
        assert not answer["ready"]
        assert f"'lifecycle rollback {NAME}'" in answer["use_cases"][NAME]["error"]
        status, answer = ask(other)
        assert status == 503
        assert says in answer["error"]
        decisions.rollback(use_case, None, "test")
        other.until("/ready", lambda status, _: status == 200)
        assert ask(other)[1]["model_version"] == str(first.version)
