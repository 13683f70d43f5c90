"""A real stack for the tests of this folder: `lifecycle up` in a process of its own, driven by its REST API as the browser does."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import login
from app.stack.rest import Server
from tests.prepared import prepare

ROOT = Path(__file__).parents[3]
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
CASE = """
import datetime as dt
from lifecycle.sources import Generated
from lifecycle.splits import TimeSplit
from lifecycle.usecase import Monitoring, Tuning
from tests.toys import Visit, later, toy

use_case = toy("{name}", title="a shop's visits", source=Generated(later, {{"rows": 4000}}, deterministic=True, select="FROM rows"),
               split=TimeSplit(longest=dt.timedelta(hours=12)), tuning=Tuning(trials=3),
               monitoring=Monitoring(window=200, follows="{follows}"), approval="{approval}")
"""


class Stack:
    """A running stack, and what a person would do with it."""

    def __init__(self, root: Path, **settings: str) -> None:
        self.home, self.cases, self.offset = root / "home", root / "cases", _free_offset()
        prepare(self.home)
        self.cases.mkdir()
        # A stack serves several files of tests in any order: `viewed` is the browser's alone, what `shop` went through does not matter to it.
        for name, approval, follows in (("shop", "automatic", "retrain"), ("guarded", "human", "alert"), ("viewed", "automatic", "retrain")):
            (self.cases / f"{name}.py").write_text(CASE.format(name=name, approval=approval, follows=follows))
        self.settings = settings
        self.prefect, self.mlflow, self.http = (f"http://127.0.0.1:{base + self.offset}" for base in (4200, 5000, 8000))

    @property
    def server(self) -> Server:
        """The server's API, with the login of the home."""
        return Server(f"{self.prefect}/api", login.auth(self.home))

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of ours or of Prefect's leaks in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFECYCLE_", "PREFECT_", "MLFLOW_"))}
        own = {"LIFECYCLE_HOME": str(self.home), "LIFECYCLE_USECASES": str(self.cases), "PYTHONPATH": str(ROOT)}
        return {**kept, **own, **self.settings}

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours, beside the stack."""
        command = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300)

    def up(self) -> dict[str, Any]:
        """Start it. Returns what it says of itself."""
        command = [sys.executable, "-m", "app.cli", "up", "--port-offset", str(self.offset), "--json"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the stack did not come up"
        return json.loads(line)

    def down(self) -> dict[str, Any]:
        """End it, whatever became of its supervisor."""
        done = self.command("down", "--json")
        self.process.wait(60)
        return json.loads(done.stdout)

    def start(self, deployment: str, **parameters: Any) -> str:
        """What the button Run does. Returns the id of the run."""
        found = self.server("GET", f"/deployments/name/{deployment}/{deployment}")
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return self.server("POST", f"/deployments/{found['id']}/create_flow_run", asked)["id"]

    def run(self, run: str) -> dict[str, Any]:
        """What the server knows of a run."""
        return self.server("GET", f"/flow_runs/{run}")

    def wait(self, run: str, seconds: float = 240) -> dict[str, Any]:
        """The run when it has ended."""
        return self.until(lambda: (found := self.run(run))["state_type"] in ENDED and found, seconds)

    def done(self, deployment: str, **parameters: Any) -> str:
        """Run a deployment to its good end. Returns its state's message."""
        ended = self.wait(self.start(deployment, **parameters))
        assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
        return ended["state"]["message"]

    def refused(self, deployment: str, **parameters: Any) -> tuple[int, str]:
        """The status and the reason with which a form is refused."""
        found = self.server("GET", f"/deployments/name/{deployment}/{deployment}")
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        headers = {"Authorization": login.header(login.auth(self.home))}
        answer = httpx.post(f"{self.prefect}/api/deployments/{found['id']}/create_flow_run", json=asked, headers=headers)
        assert answer.is_error
        return answer.status_code, answer.text

    def tasks(self, run: str) -> dict[str, str]:
        """The states of a run's stages, by name."""
        return {task["name"]: task["state_name"] for task in self.server.found("task_runs", {"flow_runs": {"id": {"any_": [run]}}})}

    def events(self, use_case: str) -> list[str]:
        """Our events about a use case, oldest first."""
        asked = {"filter": {"event": {"prefix": ["lifecycle."]}, "resource": {"id": [f"lifecycle.use-case.{use_case}"]}, "order": "ASC"}}
        return [event["event"] for event in self.server("POST", "/events/filter", asked)["events"]]

    def until(self, look: Any, seconds: float = 60) -> Any:
        """What `look` finds, as soon as it finds something."""
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.2)
        return found


class Inbox:
    """Where the messages arrive."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inbox.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="session")
def inbox() -> Iterator[Inbox]:
    """Where the messages of the stack arrive."""
    box = Inbox()
    yield box
    box.server.shutdown()
    box.server.server_close()


@pytest.fixture(scope="session")
def stack(inbox: Inbox) -> Iterator[Stack]:
    """A stack that is up."""
    root = Path(tempfile.mkdtemp(prefix="lifecycle-up-"))
    made = Stack(root, LIFECYCLE_NOTIFY_URL=inbox.address)
    made.said = made.up()  # type: ignore[attr-defined]
    yield made
    made.down()
    shutil.rmtree(root, ignore_errors=True)


def _free_offset() -> int:
    for _ in range(100):
        offset = random.randrange(1_000, 50_000)
        if all(free(base + offset) for base in (4200, 5000, 8000)):
            return offset
    raise AssertionError("no free ports")


def free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
