"""The parts of a stack: what each runs, where it listens, how one knows that it answers."""

import fcntl
import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import login
from app.stack.rest import Server
from lifecycle.errors import LifecycleError
from lifecycle.reading import web
from lifecycle.settings import Settings
from lifecycle.store import database, tracking

HOST = "127.0.0.1"
PREFECT, MLFLOW, HTTP = 4200, 5000, 8000
POOL = "lifecycle"
WORKER = "lifecycle-worker"
MAX_PATH_LENGTH = 60
"""Sockets are made in the temporary folder too, and the path of one ends at 107 bytes: so long may the folder's be."""
HEARTBEAT = 30
"""Seconds between two signs of life of a run."""


@dataclass(frozen=True)
class Part:
    """A process of the stack."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    port: int | None = None
    answers: Callable[[], bool] = lambda: True

    @property
    def said(self) -> str:
        """What it is to a person."""
        return {"prefect": "the Prefect server", "mlflow": "MLflow", "worker": "the worker", "http": "the HTTP service"}.get(self.name, self.name)


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a stack listen."""

    offset: int = 0

    @property
    def prefect(self) -> str:
        """The Prefect interface."""
        return f"http://{HOST}:{PREFECT + self.offset}"

    @property
    def api(self) -> str:
        """The Prefect API."""
        return f"{self.prefect}/api"

    @property
    def mlflow(self) -> str:
        """The MLflow interface."""
        return f"http://{HOST}:{MLFLOW + self.offset}"

    @property
    def http(self) -> str:
        """Predictions."""
        return f"http://{HOST}:{HTTP + self.offset}"


def parts(at: Settings, where: Addresses, serve: bool) -> list[Part]:
    """The parts in the order in which they start. PostgreSQL is there before them."""
    found = [_prefect(at, where), _mlflow(at, where), _worker(at, where)]
    return [*found, _http(where)] if serve else found


def environment(at: Settings, where: Addresses) -> dict[str, str]:
    """What every process of the stack is told."""
    own = {
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    }
    given = {} if os.environ.get("LIFECYCLE_MLFLOW_URL") else {"LIFECYCLE_MLFLOW_URL": where.mlflow}
    return own | given


def _prefect(at: Settings, where: Addresses) -> Part:
    port = PREFECT + where.offset
    own = {
        "PREFECT_UI_API_URL": "/api",  # of whatever name the browser has for this machine
        "PREFECT_UI_ENABLED": "true",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
        "PREFECT_API_SERVICES_LATE_RUNS_AFTER_SECONDS": "60",
    }
    return Part("prefect", ["app.stack.prefect_server", str(port)], own, port, lambda: bool(said(f"{where.api}/ready")))


def _mlflow(at: Settings, where: Addresses) -> Part:
    port = MLFLOW + where.offset
    own = {
        # In the environment, not in the arguments: it may hold a password, and arguments are for everybody to see.
        "MLFLOW_BACKEND_STORE_URI": database.connect(at).url("mlflow", "psycopg"),
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": tracking.artifacts(),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        login.LOGIN: "",  # it has no business with Prefect
    }
    return Part(
        "mlflow",
        ["app.stack.mlflow_server", str(port)],
        own,
        port,
        lambda: bool(said(f"{where.mlflow}/api/2.0/mlflow/experiments/search?max_results=1", login.auth(at.home))),
    )


def _worker(at: Settings, where: Addresses) -> Part:
    most = str(max(os.cpu_count() or 1, 2))
    temporary = at.home / "cache" / "tmp"  # Prefect puts what a pull step brings into the temporary folder
    own = {}
    if len(str(temporary)) < MAX_PATH_LENGTH:
        temporary.mkdir(parents=True, exist_ok=True)
        own["TMPDIR"] = str(temporary)
    command = ["prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", WORKER, "--limit", most, "--install-policy", "never"]
    return Part("worker", command, own, None, lambda: _online(where))


def _http(where: Addresses) -> Part:
    port = HTTP + where.offset
    own = {"OMP_NUM_THREADS": "1"}  # the largest lever there is for the latency of single rows
    return Part("http", ["app.cli", "serve", "--port", str(port)], own, port, lambda: bool(said(f"{where.http}/live")))


def said(url: str, auth: str | None = None) -> str:
    """What an address answers, to a login where one is given; empty where it does not."""
    try:
        with web.opened(url, 5, headers={"Authorization": login.header(auth)} if auth else {}) as answer:
            return answer.read().decode()
    except (OSError, ValueError):
        return ""


def _online(where: Addresses) -> bool:
    """Whether the worker has said so to the server."""
    try:
        found = Server(where.api).found(f"work_pools/{POOL}/workers")
    except (OSError, ValueError):
        return False
    return any(worker["name"] == WORKER and worker["status"] == "ONLINE" for worker in found)


def free(parts: list[Part]) -> None:
    """Check that nobody else listens where the parts will.

    Raises:
        LifecycleError: somebody does.
    """
    for part in parts:
        if part.port is None:
            continue
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, part.port))
            except OSError:
                raise LifecycleError(
                    f"the stack needs port {part.port} for {part.name}, and {_holder(part.port)} listens there; end that program, or run "
                    "'lifecycle up --port-offset 100'"
                ) from None


def _holder(port: int) -> str:
    """Who listens on a port, as far as one may know."""
    import psutil

    try:
        pids = [each.pid for each in psutil.net_connections("tcp") if each.status == "LISTEN" and each.laddr and each.laddr.port == port]
        return f"process {pids[0]} ({psutil.Process(pids[0]).name()})" if pids and pids[0] else "another program"
    except (psutil.Error, OSError):
        return "another program"


def folder(home: Path) -> Path:
    """Where a stack keeps what it notes of itself."""
    return home / "stack"


def note(home: Path) -> Path:
    """The file that says where the stack of a home folder is."""
    return folder(home) / "stack.json"


def noted(home: Path) -> dict[str, Any]:
    """What the stack of a home folder says of itself: `pid`, `prefect`, `api`, `mlflow`, `http`; nothing where none is."""
    try:
        found = json.loads(note(home).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def api(home: Path) -> str | None:
    """The address of the Prefect API of a home folder's stack, while its supervisor lives: else anybody may listen there."""
    return noted(home).get("api") if supervised(home) else None


def supervised(home: Path) -> bool:
    """Whether a supervisor lives: it keeps a lock, which dies with it."""
    try:
        with (folder(home) / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
