"""What the page `docs/extending.md` shows, run from a folder outside the repository."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import ROOT, Lifecycle, surroundings
from tests.lifecycle.servers import free_port
from tests.served import Client

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, and nothing else."""
    made = tmp_path_factory.mktemp("ours")
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extending.md").read_text(), re.DOTALL):
        name, _, code = block.partition("\n")
        (made / name.removeprefix("# ")).write_text(code)
    return made


@pytest.fixture
def ran(lifecycle: Lifecycle, folder: Path) -> dict[str, Any]:
    """The whole loop; from the second time on out of the cache."""
    done = lifecycle("run", "homes", "--json", LIFECYCLE_USECASES=str(folder))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def client(ran: dict[str, Any], home: Path, folder: Path) -> Iterator[Client]:
    port = free_port()
    command = [Path(sys.executable).parent / "lifecycle", "serve", "homes", "--port", str(port)]
    process = subprocess.Popen(command, env=surroundings(home, folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Client(port)
    finally:
        process.terminate()
        process.wait(60)


def test_one_of_each_goes_through_the_whole_loop(ran: dict[str, Any], lifecycle: Lifecycle, folder: Path) -> None:
    assert ran["promoted"], ran["reason"]
    assert ran["metric"] == "mae"
    assert ran["metrics"]["holdout"]["mae"] < ran["metrics"]["baseline"]["mae"]
    assert "rmse" not in ran["metrics"]["holdout"]
    said = lifecycle("sql", "SELECT effects FROM homes.drift WHERE effects IS NOT NULL LIMIT 1", "--json", LIFECYCLE_USECASES=str(folder))
    assert "hellinger" in said.stdout
    told = lifecycle("sql", "SELECT numbers FROM homes.promotions", "--json", LIFECYCLE_USECASES=str(folder))
    assert "median error to mean error, at most" in told.stdout


def test_an_unchanged_run_runs_only_what_reads_the_source(ran: dict[str, Any], lifecycle: Lifecycle, folder: Path) -> None:
    again = lifecycle("run", "homes", "--json", LIFECYCLE_USECASES=str(folder))
    cached = json.loads(again.stdout.splitlines()[-1])["cached"]
    assert {"featurize", "split", "tune", "train", "evaluate", "register"} <= set(cached)


def test_an_edit_of_an_object_runs_what_asks_it(ran: dict[str, Any], lifecycle: Lifecycle, folder: Path) -> None:
    file = folder / "_typical.py"
    before = file.read_text()
    file.write_text(before.replace("found <= 1 else", "found <= 1.0 + 0.0 else"))
    try:
        cached = json.loads(lifecycle("run", "homes", "--json", LIFECYCLE_USECASES=str(folder)).stdout.splitlines()[-1])["cached"]
    finally:
        file.write_text(before)
    assert {"featurize", "split", "tune", "train"} <= set(cached)
    assert not {"evaluate", "promote"} & set(cached), "the gate's settings and rules are read by both"


def test_it_scores_and_answers_over_http(client: Client, lifecycle: Lifecycle, folder: Path) -> None:
    assert lifecycle("score", "homes", "--json", LIFECYCLE_USECASES=str(folder)).returncode == 0
    status, said = _when_up(client, {"rows": [{"number": 9_001, "area": 80.0, "rooms": 3, "faces": 180.0}]})
    assert status == 200
    assert 80_000 < said["predictions"][0]["prediction"] < 320_000


def test_it_keeps_the_contract_of_every_use_case(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-k", "homes", "tests/contract", "-p", "no:cacheprovider"]
    environment = surroundings(folder, folder)
    done = subprocess.run(command, env={**environment, "LIFECYCLE_HOME": ""}, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3_000:]
    assert re.search(r"\d+ passed", done.stdout)


def _when_up(client: Client, body: Any) -> tuple[int, Any]:
    import time

    end = time.monotonic() + 60
    while True:
        try:
            status, said = client.post("/homes/predict", body)
            if status != 503:
                return status, said
        except OSError:
            pass
        assert time.monotonic() < end
        time.sleep(0.2)
