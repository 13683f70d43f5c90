"""What the server of a stack must know: the work pool with its queues, the deployments, the automations; and no dead runs.

Everything goes through Prefect's REST API or its own command, so it can be done as often as one likes.
"""

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.stack.parts import POOL, Addresses, folder
from app.stack.processes import ROOT, log_file
from app.stack.rest import Server
from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings

DEPLOYMENTS, AUTOMATIONS = ROOT / "prefect.yaml", ROOT / "automations.yaml"


def deploy(at: Settings, where: Addresses, say: Callable[[str], None]) -> None:
    """Bring the server up to date; what is in step already is left alone.

    Raises:
        LifecycleError: `prefect deploy` fails.
    """
    server = Server(where.api)
    names = _names()
    state, kept = _fingerprint(where), folder(at.home) / "deployed"
    there = {each["name"] for each in server.found("deployments")}
    if not (kept.exists() and kept.read_text() == state and set(names) <= there):
        say("deploying the flows")
        _pool(server)
        _prefect_deploy(at, where)
        _queues(server, names)
        _automations(server)
        kept.write_text(state)
    _revive(server)


def _names() -> list[str]:
    import yaml

    return [each["name"] for each in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]]


def _fingerprint(where: Addresses) -> str:
    """What the deployments depend on: their file, the flows with their forms, the use cases to choose from."""
    digest = hashlib.sha256(repr([str(ROOT), where, registry.names()]).encode())
    for file in [DEPLOYMENTS, AUTOMATIONS, ROOT / "requirements.lock", Path(__file__), *sorted((ROOT / "flows").glob("*.py"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _pool(server: Server) -> None:
    if not any(pool["name"] == POOL for pool in server.found("work_pools")):
        server("POST", "/work_pools/", {"name": POOL, "type": "process", "description": "Runs of Lifecycle on this machine."})


def _prefect_deploy(at: Settings, where: Addresses) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    surroundings = {**os.environ, "PREFECT_API_URL": where.api, "PWD": str(ROOT), "PREFECT_LOGGING_LEVEL": "ERROR"}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    log_file(at.home, "deploy").write_text(done.stdout + done.stderr)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise LifecycleError(f"the deployments of {DEPLOYMENTS} could not be made ({last[0].strip()}); see {log_file(at.home, 'deploy')}")


def _queues(server: Server, names: list[str]) -> None:
    """One run of a deployment at a time, in the order in which they were asked for: queues keep it, where limits alone do not."""
    there = {queue["name"]: queue for queue in server.found(f"work_pools/{POOL}/queues")}
    for name in names:
        if name not in there:
            server("POST", f"/work_pools/{POOL}/queues", {"name": name, "concurrency_limit": 1})
        elif there[name]["concurrency_limit"] != 1:
            server("PATCH", f"/work_pools/{POOL}/queues/{name}", {"concurrency_limit": 1})


def _automations(server: Server) -> None:
    """Those of `automations.yaml`, each once."""
    import yaml

    there = {each["name"]: each["id"] for each in server.found("automations", {"limit": 200})}
    for wanted in yaml.safe_load(AUTOMATIONS.read_text())["automations"]:
        known = there.get(wanted["name"])
        server("PUT" if known else "POST", f"/automations/{known or ''}", wanted)


def _revive(server: Server) -> None:
    """Runs that a killed stack left behind: what had begun has crashed, what had not is put into the queue again."""
    condition = {"work_pools": {"name": {"any_": [POOL]}}, "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}}
    for run in server.found("flow_runs", condition):
        if _alive(run):
            continue
        if run["state_type"] == "PENDING":
            state = {"type": "SCHEDULED", "name": "Scheduled", "message": "its worker ended before it began"}
        elif run["state_type"] == "RUNNING":
            state = {
                "type": "CRASHED",
                "name": "Crashed",
                "message": "the stack ended while it ran; start it again, finished stages are not repeated",
            }
        else:
            state = {"type": "CANCELLED", "name": "Cancelled", "message": "the stack ended while it was being cancelled"}
        server("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})


def bury(where: Addresses, silent: set[str]) -> set[str]:
    """Call the runs crashed whose process on this machine is gone, and was gone at the last look; one that lives works, however silent it is.

    Returns:
        The runs whose process is gone since this look.
    """
    server = Server(where.api)
    condition = {"work_pools": {"name": {"any_": [POOL]}}, "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    gone = {run["id"] for run in server.found("flow_runs", condition) if _here(run) and not _alive(run)}
    for id in gone & silent:
        state = {"type": "CRASHED", "name": "Crashed", "message": "its process is gone; start it again, finished stages are not repeated"}
        server("POST", f"/flow_runs/{id}/set_state", {"state": state, "force": False})
    return gone - silent


def _here(run: dict[str, Any]) -> bool:
    """Whether a run's process is, or was, of this machine."""
    host, _, number = str(run["infrastructure_pid"] or "").rpartition(":")
    return number.isdigit() and host in ("", socket.gethostname())


def _alive(run: dict[str, Any]) -> bool:
    """Whether the process of a run lives: the number alone may be somebody else's by now."""
    import psutil

    number = str(run["infrastructure_pid"] or "").rpartition(":")[2]
    try:
        return number.isdigit() and psutil.Process(int(number)).environ().get("PREFECT__FLOW_RUN_ID") == run["id"]
    except (psutil.Error, OSError):
        return False
