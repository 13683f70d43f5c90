"""The files for Docker and systemd, as far as they can be checked without an engine."""

import re
from pathlib import Path
from typing import Any

import yaml

from app.commands import COMMANDS
from lifecycle.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
UNIT = (ROOT / "docs" / "lifecycle.service").read_text()


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def settings_of(text: str) -> set[str]:
    return set(re.findall(rf"\b({PREFIX}[A-Z_]+)\b", text))


def test_the_image_is_made_from_the_lock_with_hashes_and_runs_as_nobody_special() -> None:
    lines = [line.strip() for line in DOCKERFILE.splitlines()]
    assert any("--require-hashes --no-deps" in line and "requirements.lock" in line for line in lines)
    images = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert all(":" in image and "latest" not in image for image in images)
    user = next(line for line in lines if line.startswith("USER"))
    assert user == "USER 10001"
    assert lines.index(user) < next(i for i, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    assert not any(line.startswith("ADD ") or "sudo" in line or "curl" in line for line in lines)


def test_what_the_image_copies_has_no_secrets_and_no_state() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", ".lifecycle", ".venv"} <= set(ignored)
    needed = {
        "app",
        "flows",
        "tasks",
        "schemas",
        "usecases",
        "lifecycle",
        "requirements.lock",
        "pyproject.toml",
        "README.md",
        "prefect.yaml",
        "LICENSE",
    }
    assert not needed & set(ignored)


def test_the_commands_that_containers_and_units_run_exist() -> None:
    assert re.search(r'ENTRYPOINT \["lifecycle"\]\nCMD \["(\w+)"', DOCKERFILE)
    typed = re.findall(r'CMD \["(\w+)", "--host"|bin/lifecycle (\w+)|run --rm serve (\w+)', DOCKERFILE + UNIT + (ROOT / "compose.yaml").read_text())
    commands = {command for found in typed for command in found if command}
    assert commands == {"serve", "keys"}
    assert commands <= set(COMMANDS)


def test_every_setting_that_they_name_is_one() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert settings_of(DOCKERFILE + UNIT + (ROOT / "compose.yaml").read_text() + (ROOT / "docs" / "operations.md").read_text()) <= known


def test_the_stack_waits_for_what_it_needs_and_names_no_password() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "server", "worker", "serve"}
    for name in ("server", "worker", "serve"):
        assert all(needed["condition"] == "service_healthy" for needed in services[name]["depends_on"].values())
        assert set(services[name]["depends_on"]) <= set(services)
        assert services[name]["cap_drop"] == ["ALL"]
    assert "healthcheck" in services["postgres"]
    text = (ROOT / "compose.yaml").read_text()
    assert set(re.findall(r"(?i)password: (\S+)|lifecycle:([^@\s]+)@", text)) != set()
    assert all(
        "${POSTGRES_PASSWORD" in each for pair in re.findall(r"(?i)password: (\S.*)|lifecycle:([^@\s].*?)@postgres", text) for each in pair if each
    )
    assert services["server"]["environment"]["PREFECT_SERVER_API_AUTH_STRING"] == "${PREFECT_API_AUTH_STRING}"
    assert services["server"]["environment"]["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] not in ("", "*")
    assert all(services[name]["environment"]["PREFECT_API_AUTH_STRING"].startswith("${PREFECT_API_AUTH_STRING:?") for name in ("server", "worker"))
    made = set(re.findall(r"CREATE DATABASE (\w+);", text))
    assert made == {"lifecycle_lake", "lifecycle_mlflow", "lifecycle_prefect"}


def test_the_unit_stops_the_service_gently_and_gives_it_little() -> None:
    options = dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))
    assert options["KillSignal"] == "SIGTERM"
    assert int(options["TimeoutStopSec"]) >= 15
    assert options["ProtectSystem"] == "strict"
    assert options["User"] == "lifecycle"
