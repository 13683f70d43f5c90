"""The real console script in a process of its own, with a home folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from app import prefect_server
from lifecycle.store import postgres
from tests.prepared import prepare

ROOT = Path(__file__).parents[2]
Lifecycle = Callable[..., "subprocess.CompletedProcess[str]"]

USE_CASE = """
from tests.toys import Visit, toy

use_case = toy("{name}", title="a shop's visits", parameters={{"unknown": 200}})
"""


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home folder beside the session's, with a short path: it holds sockets."""
    folder = prepare(Path(tempfile.mkdtemp(prefix="lifecycle-app-")))
    yield folder
    prefect_server.stop(folder)
    postgres.stop(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of use cases: a right one and a wrong one."""
    folder = tmp_path_factory.mktemp("definitions")
    (folder / "shop.py").write_text(USE_CASE.format(name="shop"))
    (folder / "broken.py").write_text("use_case = 3\n")
    return folder


@pytest.fixture
def lifecycle(home: Path, definitions: Path) -> Lifecycle:
    """`lifecycle("run", "shop", LIFECYCLE_X="...")`: the finished process."""
    return lambda *arguments, **more: subprocess.run(
        [Path(sys.executable).parent / "lifecycle", *arguments],
        env=surroundings(home, definitions, more),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )


def surroundings(home: Path, definitions: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process that uses `home`: nothing of ours, of Prefect's or of MLflow's leaks in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFECYCLE_", "PREFECT_", "MLFLOW_"))}
    ours = {"LIFECYCLE_HOME": str(home), "LIFECYCLE_USECASES": str(definitions), "PYTHONPATH": str(ROOT)}
    return kept | ours | dict(more or {})
