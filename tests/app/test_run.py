import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import prefect_server, server_watch
from tests.app.conftest import ROOT, Lifecycle, surroundings

pytestmark = pytest.mark.system

STAGES = ["collect", "validate", "featurize", "split", "tune", "train", "evaluate", "register", "promote", "score", "monitor", "watch"]


def test_the_loop_ends_with_the_fields_of_the_contract_and_an_unchanged_one_runs_nothing(lifecycle: Lifecycle, home: Path, tmp_path: Path) -> None:
    first = lifecycle("run", "shop", "--json", HOME=str(tmp_path))
    assert first.returncode == 0, first.stderr
    assert nothing_runs(home)
    assert len(first.stdout.splitlines()) == 1
    found = json.loads(first.stdout)
    assert found["use_case"] == "shop"
    assert set(found["snapshot"]) >= {"version", "rows", "quarantined", "duplicates"}
    assert found["promoted"]
    assert found["reason"]
    assert found["metrics"]["holdout"][found["metric"]] > found["metrics"]["baseline"][found["metric"]]
    assert found["metrics"]["train"]
    assert found["mlflow_run_id"]
    assert found["scored"] > 0
    assert set(found["drift"]) >= {"max", "drifted"}
    assert list(found["seconds"]) == STAGES
    assert found["cached"] == []
    assert [line.split()[2] for line in first.stderr.splitlines() if line.endswith("...")] == STAGES
    assert list(tmp_path.iterdir()) == [], "something was written outside the home folder"

    second = lifecycle("run", "shop", "--json")
    assert second.returncode == 0, second.stderr
    again = json.loads(second.stdout)
    assert again["cached"] == STAGES
    assert again["model_version"] == found["model_version"]

    text = lifecycle("run", "shop").stdout
    assert "kept" in text
    assert "history shop" in text
    assert "\x1b" not in text

    listed = json.loads(lifecycle("list", "--json").stdout)["use_cases"]
    shop = next(each for each in listed if each["name"] == "shop")
    assert shop["champion"] == found["model_version"]
    assert shop["last_run"]
    decisions = json.loads(lifecycle("history", "shop", "--json").stdout)["decisions"]
    assert decisions[0]["promoted"]
    assert lifecycle("sql", "SELECT count(*) AS n FROM shop.raw").stdout.splitlines() == ["n", str(found["snapshot"]["rows"])]
    assert lifecycle("sql", "DELETE FROM shop.raw").returncode == 1
    refused = lifecycle("rollback", "shop")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_and_leaves_nothing_running(home: Path, definitions: Path, sent: signal.Signals, code: int) -> None:
    run = subprocess.Popen(
        [Path(sys.executable).parent / "lifecycle", "run", "shop", "--fresh"],
        env=surroundings(home, definitions),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    assert run.stderr
    while "tune" not in run.stderr.readline():
        assert run.poll() is None
    os.killpg(run.pid, sent)
    out, err = run.communicate(timeout=60)
    assert run.returncode == code, err
    assert "Traceback" not in err
    assert out == ""
    assert nothing_runs(home)


def test_a_run_whose_server_is_ended_by_down_ends_with_one_sentence(lifecycle: Lifecycle, home: Path, definitions: Path) -> None:
    run = subprocess.Popen(
        [Path(sys.executable).parent / "lifecycle", "run", "shop", "--fresh"],
        env=surroundings(home, definitions),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert run.stderr
    while "tune" not in run.stderr.readline():
        assert run.poll() is None
    assert "prefect" in lifecycle("down", "--json").stdout
    out, err = run.communicate(timeout=30)
    assert (run.returncode, out) == (1, "")
    assert [line for line in err.splitlines() if " s  " not in line] == [f"lifecycle: {server_watch.SAID}"]
    assert nothing_runs(home)


def nothing_runs(home: Path) -> bool:
    return prefect_server.running(home) is None and not (home / "postgres" / "data" / "postmaster.pid").exists()
