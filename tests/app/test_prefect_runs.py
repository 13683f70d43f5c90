"""What `maintain` lets Prefect forget, on a real server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import surroundings

pytestmark = pytest.mark.system

SCRIPT = """
import datetime as dt

import psycopg

from app import environment, prefect_server
from lifecycle.settings import settings
from lifecycle.store import database

environment.prepare(settings())
url = prefect_server.start(settings())
prefect_server.wait(settings(), url)

from prefect import flow, get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import State, StateType

from tasks import prefect_runs

NOW = dt.datetime.now(dt.UTC)


@flow(name="ingest")
def ingest():
    pass


@flow(name="somebody's")
def other():
    pass


with get_client(sync_client=True) as client:
    def run(name, function, days, *keys):
        made = client.create_flow_run(function, name=name)
        client.set_flow_run_state(made.id, State(type=StateType.RUNNING), force=True)
        client.set_flow_run_state(made.id, State(type=StateType.COMPLETED), force=True)
        with psycopg.connect(database.connect(settings()).conninfo("prefect"), autocommit=True) as store:
            store.execute("UPDATE flow_run SET end_time = %s WHERE id = %s", [NOW - dt.timedelta(days=days), made.id])
        for key in keys:
            client.create_artifact(ArtifactCreate(key=key, type="markdown", data=name, flow_run_id=made.id))

    run("old", ingest, 50, "kept-data", "kept-card")
    run("old with the newest card", ingest, 40, "kept-data", "kept-card")
    run("not so old", ingest, 20, "kept-data")
    run("not ours", other, 60)
    print(prefect_runs.forget(NOW - dt.timedelta(days=30)))
    print(prefect_runs.forget(NOW - dt.timedelta(days=30)))
    print(sorted(each.name for each in client.read_flow_runs() if each.name.startswith(("old", "not"))))
    print(sorted(each.data for each in client.read_artifacts() if each.key in ("kept-data", "kept-card")))
"""


def test_old_runs_go_with_their_artifacts_but_for_those_with_the_newest_of_a_key(home: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=surroundings(home, tmp_path), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-4:] == [
        "1",
        "0",
        "['not ours', 'not so old', 'old with the newest card']",
        "['not so old', 'old with the newest card', 'old with the newest card']",
    ]
