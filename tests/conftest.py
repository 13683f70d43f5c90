"""One real home for the whole test session: the embedded PostgreSQL, a lake and an MLflow in a temporary folder."""

import os
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="lifecycle-tests-"))
SHARED = Path(__file__).parents[2] / "shared" / "data"
os.environ |= {
    "LIFECYCLE_HOME": str(HOME),
    "PREFECT_HOME": str(HOME / "prefect"),
    "LIFECYCLE_USECASES": os.environ.get("LIFECYCLE_USECASES", ""),  # use cases of yours are held to the contract too
    "LIFECYCLE_DATABASE_URL": "",
    "LIFECYCLE_STORAGE": "",
    "LIFECYCLE_DATA": os.environ.get("LIFECYCLE_DATA") or (str(SHARED) if SHARED.is_dir() else ""),
    "LIFECYCLE_DOWNLOAD": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MPLBACKEND": "agg",
    # The processes of a run share the cores: threads that spin while they wait would cost more than they bring.
    "OMP_WAIT_POLICY": "passive",
    "OMP_NUM_THREADS": "1",
}

import atexit  # noqa: E402
import shutil  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import pytest  # noqa: E402

from lifecycle.store import postgres  # noqa: E402
from lifecycle.store.lake import Lake, lake, quoted  # noqa: E402
from tests.prepared import prepare  # noqa: E402

LASTING = {"served_shop"}
"""What fixtures of the whole session have made."""

atexit.register(shutil.rmtree, HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _home() -> Iterator[None]:
    """Start with migrated databases; leave no server and no file behind."""
    prepare(HOME)
    yield
    postgres.stop(HOME / "postgres")


@pytest.fixture(scope="session")
def the_lake() -> Lake:
    """The session's lake."""
    return lake()


@pytest.fixture(scope="module", autouse=True)
def _empty_lake() -> Iterator[None]:
    """Empty the lake after each file: DuckLake reads its whole catalogue again after each new table, so a hundred toys slow all that follow."""
    yield
    _empty()


@pytest.fixture
def emptied() -> Iterator[None]:
    """The same after each test: for files of which every test makes use cases of its own."""
    yield
    _empty()


def _empty() -> None:
    if (HOME / "lake").exists():  # it was opened
        names = [name for (name,) in lake().rows("SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'")]
        gone = [quoted(name) for name in names if name != "main" and name not in LASTING]
        lake().write(lambda cursor: [cursor.execute(f"DROP SCHEMA {name} CASCADE") for name in gone])


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets; a test that needs it is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data sets of ../shared/data are not here")
    return SHARED
