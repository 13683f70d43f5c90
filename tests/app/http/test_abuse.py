"""Requests that nobody should send: whatever comes, the answer is short, soon, no 5xx, and the service goes on."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lifecycle.references import ModelVersion
from tests import abuse
from tests.app.http.conftest import NAME, ROW, Process, running
from tests.app.http.test_operations import ask, predict
from tests.lifecycle.servers import free_port

pytestmark = pytest.mark.system

NUMBER = int(os.environ.get("LIFECYCLE_ABUSE", "250"))
EXAMPLES = os.environ.get("LIFECYCLE_EXAMPLES", "8")


def test_mangled_requests_get_short_answers_and_leave_nothing_behind(version: ModelVersion, tmp_path: Path) -> None:
    port = free_port()
    served = Process(tmp_path, port, LIFECYCLE_CLIENT_SECONDS="0.3").ready()
    try:
        abuse.abuse(port, NAME, ROW, 100, seed=7)  # what is made once is there
        process = psutil.Process(served.process.pid)
        memory, files = process.memory_info().rss, process.num_fds()
        outcome = abuse.abuse(port, NAME, ROW, NUMBER)
        assert outcome.wrong == []
        assert outcome.slowest < abuse.PATIENCE
        assert {"200", "400", "404", "408", "422"} <= set(outcome.statuses)
        assert abuse.large(port, NAME, "") in {"413", "422"}
        assert process.memory_info().rss - memory < 150e6
        assert process.num_fds() - files < 30
        assert predict(port)[0] == 200
    finally:
        assert served.end() == 0, served.told()


CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,positive_data_acceptance"


def test_what_the_documentation_allows_is_answered_and_what_it_forbids_refused_as_it_says(version: ModelVersion, tmp_path: Path) -> None:
    with running() as (_, port):
        command = [
            str(Path(sys.executable).parent / "schemathesis"), "run", f"http://127.0.0.1:{port}/openapi.json", "--include-path-regex", f"^/{NAME}/",
            "--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1", "--no-color", "--no-shrink",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stdout[-6_000:]
        assert "Tested: 8" in done.stdout


@pytest.mark.parametrize("depth", [10, 1_000, 300_000])
def test_deep_nesting_is_422_not_the_end(version: ModelVersion, port: int, depth: int) -> None:
    for path in ("predict", "labels", "explain"):
        assert ask(port, f"/{NAME}/{path}", b"[" * depth + b"]" * depth)[0] == 422
