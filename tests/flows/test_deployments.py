"""`prefect.yaml` against the code: what it names is there, what it gives fits, every use case has its schedules."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

from app.stack import schedules
from app.stack.deploy import AUTOMATIONS, DEPLOYMENTS
from lifecycle import registry
from lifecycle.settings import settings

FOUND: list[dict[str, Any]] = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
CRON = re.compile(r"^[\d*,/-]+( [\d*,/-]+){4}$")


def flow_of(deployment: dict[str, Any]) -> "Flow[Any, Any]":
    path, name = deployment["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


def test_the_deployments_are_those_of_the_contract() -> None:
    assert {each["name"] for each in FOUND} == {"ingest", "train", "score", "monitor", "lifecycle", "promote", "rollback", "maintain"}


@pytest.mark.parametrize("deployment", FOUND, ids=lambda each: each["name"])
def test_a_deployment_names_a_flow_that_takes_its_parameters(deployment: dict[str, Any]) -> None:
    flow = flow_of(deployment)
    assert flow.name == deployment["name"]
    schedules = deployment.get("schedules", [])
    assert "use_case" not in deployment.get("parameters", {}) or deployment["parameters"]["use_case"] == "all", (
        "no run is of a use case that nobody chose"
    )
    given = [schedule["parameters"] for schedule in schedules]
    for parameters in given:
        flow.validate_parameters(parameters)
        assert parameters["use_case"] in [*registry.names(), "all"]
    assert len({schedule["slug"] for schedule in schedules}) == len(schedules)
    assert all(CRON.match(schedule["cron"]) and schedule["timezone"] for schedule in schedules)
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    assert deployment["work_pool"]["work_queue_name"] == deployment["name"]


@pytest.mark.parametrize("deployment", FOUND, ids=lambda each: each["name"])
def test_every_field_of_a_form_says_what_it_is_for(deployment: dict[str, Any]) -> None:
    flow = flow_of(deployment)
    assert flow.description
    fields = flow.parameters.properties
    assert [name for name, field in fields.items() if not field.get("description")] == []
    assert set(registry.names()) <= set(fields["use_case"]["enum"])
    assert fields.get("version", {"type": "integer"})["type"] == "integer", "one plain field"
    assert "by" in flow.parameters.required or flow.name != "promote", "a decision needs a name"


def test_a_drift_starts_a_training_of_its_use_case() -> None:
    train = next(each for each in FOUND if each["name"] == "train")
    (trigger,) = train["triggers"]
    assert trigger["expect"] == ["lifecycle.drift.detected"]
    assert trigger["match"]["lifecycle.follows"] == "retrain", "with another policy an alarm starts none"
    flow_of(train).validate_parameters({**trigger["parameters"], "use_case": "fraud"})


def test_an_automation_finds_runs_that_fell_silent() -> None:
    (automation,) = yaml.safe_load(AUTOMATIONS.read_text())["automations"]
    assert 300 <= automation["trigger"]["within"] <= 900, "a starved machine is silent for minutes, and works"
    assert automation["description"]
    assert automation["actions"][0]["state"] == "CRASHED"


def test_every_shipped_use_case_has_its_schedules() -> None:
    assert schedules.unscheduled() == {}


def test_a_use_case_without_schedules_is_told_the_lines_to_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "newcomer.py").write_text("use_case = None\n")
    monkeypatch.setenv("LIFECYCLE_USECASES", str(tmp_path))
    settings.cache_clear()
    try:
        assert schedules.unscheduled() == {"newcomer": ["ingest", "score", "monitor", "train"]}
        added = yaml.safe_load(schedules.lines("newcomer"))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert added["ingest"] == [{"slug": "newcomer", "cron": "0 5 * * *", "timezone": "Etc/UTC", "parameters": {"use_case": "newcomer"}}]
