"""MLflow: one store, initialised once, spoken to through its client; runs can be taken up again after a crash."""

import importlib.util
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import database
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    from mlflow import MlflowClient

KEY_TAG = "lifecycle.key"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}
ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
"""The only place where a store of a client looks for its root; who keeps it set is taken for a server."""
_making = threading.Lock()


def client() -> "MlflowClient":
    """The MLflow client of this process; the first use makes the store's tables, one process at a time."""
    with _making:  # a cache alone would let two threads make two
        return _client()


@cache
def _client() -> "MlflowClient":
    if artifacts().startswith("s3://") and importlib.util.find_spec("boto3") is None:
        raise LifecycleError(
            "LIFECYCLE_STORAGE=s3://... needs the extra 's3' for MLflow's artifacts, which is not installed; run: pip install '.[s3]'"
        )
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow

    address = database.connect(settings()).url("mlflow", "psycopg")
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    with lake().lock("mlflow"), _rooted():
        made = mlflow.MlflowClient(address, address)
        made.search_experiments(max_results=1)
        return made


@contextmanager
def _rooted() -> Iterator[None]:
    """While the store is made: the experiment that MLflow makes by itself keeps its files beside ours, not where we were started."""
    os.environ[ROOT] = artifacts()
    try:
        yield
    finally:
        del os.environ[ROOT]


def preload() -> threading.Thread:
    """Import MLflow and open its store beside other work: 2.5 s of imports that DuckDB and Polars need not wait for."""

    def quietly() -> None:
        with suppress(Exception):  # who needs the client meets the error; the run may also be over, and the database with it
            client()

    thread = threading.Thread(target=quietly, name="mlflow", daemon=True)
    thread.start()
    return thread


def artifacts() -> str:
    """Where artifacts are kept: beside the lake's files when these are in S3, else under the home folder."""
    storage = settings().lake_storage
    return f"{storage}/mlflow" if storage.startswith("s3://") else str(settings().home / "mlflow")


def experiment(use_case: str) -> str:
    """The id of the experiment of a use case, made where there is none.

    Raises:
        LifecycleError: somebody deleted it in MLflow's UI; its name stays taken until it is restored.
    """
    found = client().get_experiment_by_name(use_case)
    if found is None:
        with lake().lock(f"mlflow experiment {use_case}"):
            found = client().get_experiment_by_name(use_case)
            if found is None:
                return client().create_experiment(use_case, artifact_location=f"{artifacts()}/{use_case}")
    if found.lifecycle_stage != "active":
        raise LifecycleError(
            f"use case '{use_case}': its MLflow experiment must be active, found it deleted; restore it with "
            f"'mlflow experiments restore --experiment-id {found.experiment_id}'"
        )
    return found.experiment_id


def begin(use_case: str, name: str, key: str, tags: Mapping[str, str] | None = None) -> str:
    """Start a run, or take up the unfinished one that a killed process left with the same key.

    Returns:
        The run's id.
    """
    where = experiment(use_case)
    if key:
        condition = f"tags.`{KEY_TAG}` = '{key}' and attributes.status = 'RUNNING'"
        left = client().search_runs([where], condition, max_results=1)
        if left:
            return left[0].info.run_id
    run = client().create_run(where, run_name=name, tags={KEY_TAG: key, **(tags or {})})
    return run.info.run_id


def end(run_id: str, status: str = "FINISHED") -> None:
    """Close a run: `FINISHED`, `FAILED` or `KILLED`. One that is closed so already keeps its time."""
    if client().get_run(run_id).info.status != status:
        client().set_terminated(run_id, status)


def log(
    run_id: str,
    params: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> None:
    """Write parameters, metrics and tags in one call. Parameters that are there already stay."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    there = set(client().get_run(run_id).data.params) if params else set()
    client().log_batch(
        run_id,
        metrics=[Metric(key.replace("@", "_at_"), float(value), now, 0) for key, value in (metrics or {}).items()],
        params=[Param(key, str(value)[:6000]) for key, value in (params or {}).items() if key not in there],
        tags=[RunTag(key, str(value)[:5000]) for key, value in (tags or {}).items()],
    )


def dataset(run_id: str, name: str, digest: str, source: str, profile: str) -> None:
    """Log what a run was trained on: its name, our own fingerprint (MLflow's misses edits), where it lies, how much it is."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = Dataset(name=name, digest=digest[:36], source_type="lifecycle", source=source, schema=None, profile=profile)
    client().log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])])


@lru_cache(maxsize=256)
def location(run_id: str) -> str:
    """Where the artifacts of a run lie."""
    return client().get_run(run_id).info.artifact_uri or ""


def local(place: str) -> Path | None:
    """The folder of an artifact location on this machine's disk; `None` for one elsewhere, such as `s3://`."""
    parts = urlsplit(place)
    return Path(unquote(parts.path) if parts.scheme else place) if parts.scheme in {"", "file"} else None


def write(run_id: str, path: str, content: str | bytes) -> None:
    """Keep a text or bytes as the artifact `path` of a run, in the place of an older one."""
    data = content.encode() if isinstance(content, str) else content
    there = local(location(run_id))
    if there:
        _replace(there / path, data)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(path).name
        file.write_bytes(data)
        parent = str(Path(path).parent)
        client().log_artifact(run_id, str(file), None if parent == "." else parent)


def read(run_id: str, path: str) -> bytes:
    """The content of the artifact `path` of a run.

    Raises:
        LifecycleError: the run has no such artifact.
    """
    there = local(location(run_id))
    if there:
        try:
            return (there / path).read_bytes()
        except FileNotFoundError:
            raise _missing(run_id, path) from None
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            return Path(client().download_artifacts(run_id, path, folder)).read_bytes()
        except (FileNotFoundError, MlflowException) as error:
            if not any(file.path == path for file in client().list_artifacts(run_id, str(Path(path).parent).removeprefix("."))):
                raise _missing(run_id, path) from None
            raise error


def runs(use_case: str, condition: str = "", order: Sequence[str] = ("attributes.start_time DESC",), most: int = 100) -> list[Any]:
    """Runs of a use case, newest first."""
    found = client().get_experiment_by_name(use_case)
    return list(client().search_runs([found.experiment_id], condition, order_by=list(order), max_results=most)) if found else []


def _replace(file: Path, data: bytes) -> None:
    """Whole or not at all: a kill in the middle leaves the old content."""
    file.parent.mkdir(parents=True, exist_ok=True)
    making = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    making.write_bytes(data)
    making.replace(file)


def _missing(run_id: str, path: str) -> LifecycleError:
    return LifecycleError(f"MLflow run {run_id}: it should hold the artifact '{path}', found none; train the model again with --fresh")


if __name__ == "__main__":  # make the store's tables: `python -m lifecycle.store.tracking`
    client()
