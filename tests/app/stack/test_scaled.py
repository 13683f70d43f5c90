"""The same code with another database, other storage and more workers: the settings of docs/scaling.md, and the same results."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import login
from app.stack import link
from lifecycle.store import outside_home, programs
from tests.app.stack.conftest import ROOT, Stack, free

pytestmark = pytest.mark.system

SECRET = "hush-hush/1"
KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short path that PostgreSQL's account may enter."""
    made = Path(tempfile.mkdtemp(prefix="lifecycle-far-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[str]:
    """A PostgreSQL server that is not ours to start: over TCP, with a password."""
    data, port = folder / "postgres", _port()
    programs.give(data)
    password = folder / "password"
    password.write_text(SECRET)
    password.chmod(0o644)
    how = ("-U", "team", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C")
    programs.run(folder, "initdb", "-D", programs.data(data), *how, within=data)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c max_connections=300 -k ''"
    programs.run(folder, "pg_ctl", "-D", programs.data(data), "start", "-w", "-l", "log", "-o", options, within=data)
    yield f"postgresql://team:hush-hush%2F1@127.0.0.1:{port}/acme"
    programs.run(folder, "pg_ctl", "-D", programs.data(data), "stop", "-m", "fast", check=False, within=data)
    outside_home.remove(folder)


@pytest.fixture(scope="module")
def storage() -> Iterator[dict[str, str]]:
    """An S3-compatible server with a bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", _port(), verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server._server.server_port}"  # pyright: ignore[reportOptionalMemberAccess]
    secrets: dict[str, Any] = {"aws_access_key_id": "somebody", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=address, **secrets).create_bucket(Bucket="lake")
    yield {**KEYS, "AWS_ENDPOINT_URL": address, "LIFECYCLE_STORAGE": "s3://lake/team"}
    server.stop()


@pytest.fixture(scope="module")
def scaled(folder: Path, database: str, storage: dict[str, str]) -> Iterator[Stack]:
    """A stack on both, with tuning on Dask."""
    made = Stack(folder, LIFECYCLE_DATABASE_URL=database, LIFECYCLE_TASK_RUNNER="dask", **storage)
    made.up()
    yield made
    made.down()


def test_another_database_storage_and_runner_give_the_same_results(scaled: Stack) -> None:
    there = scaled.wait(scaled.start("lifecycle", use_case="shop"), 400)
    assert there["state_type"] == "COMPLETED", there["state"]["message"]
    here = Stack(Path(tempfile.mkdtemp(prefix="lifecycle-near-")))
    for runner in ("threads", "ray"):
        here.settings = {"LIFECYCLE_TASK_RUNNER": runner}
        done = here.command("run", "shop", "--json", *(["--fresh"] if runner == "ray" else []))
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout.splitlines()[-1])
        assert f"roc_auc {said['metrics']['holdout']['roc_auc']:.4g}," in there["state"]["message"]
    here.command("down")
    shutil.rmtree(here.home.parent, ignore_errors=True)


def test_no_secret_is_in_a_file_or_a_command_line(scaled: Stack) -> None:
    import psutil

    from app.stack import processes

    own = login.secret(scaled.home)
    kept = {login.file(scaled.home), link.shell(scaled.home)}
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
    for secret, where in ((SECRET, set()), (own, kept)):
        written = {file for file in scaled.home.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()}
        assert written == where
    lines = [" ".join(psutil.Process(pid).cmdline()) for pid in processes.marked(scaled.home)]
    assert lines
    assert not any("hush" in line or own in line for line in lines)


def test_a_second_worker_takes_its_share(scaled: Stack) -> None:
    surroundings = scaled.environment | {
        "PREFECT_API_URL": scaled.server.api,
        "PREFECT_API_AUTH_STRING": login.auth(scaled.home),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_HOME": str(scaled.home / "second"),
        "PREFECT_LOCAL_STORAGE_PATH": str(scaled.home / "prefect" / "storage"),
    }
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "lifecycle", "--type", "process", "--name", "second"]
    log = scaled.home / "logs" / "second.log"
    with log.open("w") as out:
        worker = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=out, stderr=out)
    try:
        scaled.until(lambda: any(each["name"] == "second" for each in scaled.server.found("work_pools/lifecycle/workers")))
        runs = [scaled.start(name, use_case="shop") for name in ("ingest", "score", "monitor", "ingest", "score", "monitor")]
        messages = {run["state"]["message"] for run in (scaled.wait(each, 400) for each in runs) if run["state_type"] != "COMPLETED"}
        assert messages == set()
        assert "Completed" in log.read_text()
    finally:
        worker.send_signal(signal.SIGINT)
        worker.wait(60)


def _port() -> int:
    for _ in range(50):
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            port = trial.getsockname()[1]
        if free(port):
            return port
        time.sleep(0.1)
    raise AssertionError(f"no free port (process {os.getpid()})")
