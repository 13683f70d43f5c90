"""MLflow: one store, initialised once, spoken to through its client; runs can be taken up again after a crash."""

import getpass
import hashlib
import importlib.util
import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lifecycle import provenance
from lifecycle.errors import LifecycleError, Lost
from lifecycle.settings import settings
from lifecycle.store import database, locks
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import FileInfo
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

KEY_TAG = "lifecycle.key"
EARLIER = "earlier"
"""Where a run keeps what was written over: a version that was registered before still reads its own."""
FORGOTTEN = 48 * 3600
"""Seconds after which a run that is still open belongs to a process that was killed: longer than all stages together may take."""
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}
ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
"""The only place where a store of a client looks for its root; who keeps it set is taken for a server."""
KIND = {"mlflow.experimentKind": "custom_model_development"}
"""What an experiment's page opens with: runs and models, not traces of a chat."""
origin: ContextVar[str] = ContextVar("origin", default="")
"""The address of what makes runs here and now, such as a flow run's page; empty where there is none."""
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
    with lake().lock("mlflow", locks.SHORT), _rooted():
        made = mlflow.MlflowClient(address, address)
        made.search_experiments(max_results=1)
        return made


@contextmanager
def _rooted() -> Iterator[None]:
    """While the store is made: the experiment that MLflow makes by itself keeps its files beside ours.

    Else they would lie where this process was started, and be written into a statement that quotes in that path break.
    """
    root = artifacts()
    os.environ[ROOT] = root if "://" in root else Path(root).as_uri()
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
        with lake().lock(f"mlflow experiment {use_case}", locks.SHORT):
            found = client().get_experiment_by_name(use_case)
            if found is None:
                return client().create_experiment(use_case, artifact_location=f"{artifacts()}/{use_case}", tags=KIND)
    if found.lifecycle_stage != "active":
        raise LifecycleError(
            f"use case '{use_case}': its MLflow experiment must be active, found it deleted; while 'lifecycle up' runs, restore it with "
            f"'MLFLOW_TRACKING_URI={settings().mlflow_url} mlflow experiments restore --experiment-id {found.experiment_id}'"
        )
    for tag, value in KIND.items():
        if tag not in found.tags:  # made before MLflow asked
            client().set_experiment_tag(found.experiment_id, tag, value)
    return found.experiment_id


def begin(use_case: str, name: str, key: str, description: str = "") -> str:
    """Start a run, or take up the unfinished one that a killed process left with the same key.

    Args:
        use_case: the name of its experiment.
        name: of the run.
        key: what the run is for; empty: nothing that could be taken up again.
        description: in Markdown, shown above the run.

    Returns:
        The run's id.
    """
    where = experiment(use_case)
    _close_forgotten(where)
    if key:
        condition = f"tags.`{KEY_TAG}` = '{key}' and attributes.status = 'RUNNING'"
        left = client().search_runs([where], condition, max_results=1)
        if left:
            return left[0].info.run_id
    run = client().create_run(where, run_name=name, tags={KEY_TAG: key, **_origin(description)})
    return run.info.run_id


def _origin(description: str) -> dict[str, str]:
    """Who made a run, with what, and where that shows: tags that MLflow's pages read."""
    code, caller = provenance.code(), origin.get()
    said = "\n\n".join(filter(None, [description, caller and f"Made by [this Prefect flow run]({caller})."]))
    tags = {"source.type": "LOCAL", "source.name": "lifecycle", "source.git.commit": code.commit, "user": user(), "note.content": said}
    return {f"mlflow.{name}": value for name, value in tags.items() if value}


def user() -> str:
    """Whose process this is, as MLflow shows it; empty where the system does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def active(use_case: str, run_id: str) -> None:
    """Refuse to go on with a run that somebody deleted.

    Raises:
        LifecycleError: it is not there any more, or marked as deleted.
    """
    from mlflow.exceptions import MlflowException

    try:
        if client().get_run(run_id).info.lifecycle_stage == "active":
            return
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    raise LifecycleError(
        f"use case '{use_case}': the MLflow run {run_id} must be there to go on with its model, found it deleted; restore it in MLflow, "
        f"or train again with 'lifecycle train {use_case} --fresh'"
    )


def _close_forgotten(experiment_id: str) -> None:
    """Mark runs that nobody can be at work on any more as killed: what they were for has changed, and nobody took them up."""
    before = int((time.time() - FORGOTTEN) * 1000)
    for run in client().search_runs([experiment_id], f"attributes.status = 'RUNNING' and attributes.start_time < {before}", max_results=100):
        client().set_terminated(run.info.run_id, "KILLED")


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


def erase(place: str) -> int:
    """Delete the files of an artifact location for good, on a disk or in S3-compatible storage; one where we do not write is left alone. Returns the bytes."""
    folder = local(place)
    if folder:
        if not folder.is_relative_to(artifacts()) or not folder.is_dir():
            return 0
        freed = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        shutil.rmtree(folder, ignore_errors=True)
        return freed
    if not place.startswith(f"{artifacts()}/"):
        return 0
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    held = get_artifact_repository(place)
    freed = sum(file.file_size or 0 for file in _files(held))
    held.delete_artifacts()
    return freed


def _files(held: "ArtifactRepository", path: str | None = None) -> "Iterator[FileInfo]":
    """All files of a location elsewhere."""
    for found in held.list_artifacts(path):
        if found.is_dir:
            yield from _files(held, found.path)
        else:
            yield found


def write(run_id: str, path: str, content: str | bytes) -> dict[str, str]:
    """Keep a text or bytes as the artifact `path` of a run; an older one with another content stays under `EARLIER`.

    Returns:
        The path with the SHA-256 of the content: without it nobody reads the artifact back.
    """
    data = content.encode() if isinstance(content, str) else content
    place = location(run_id)
    before = _content(run_id, place, path)
    if before is not None and before != data:
        _put(run_id, place, f"{EARLIER}/{_sha256(before)}/{path}", before)
    if before != data:
        _put(run_id, place, path, data)
    return {path: _sha256(data)}


def read(run_id: str, path: str, files: Mapping[str, str], place: str = "") -> bytes:
    """The content of the artifact `path` of a run, if it is what was written: whoever may write to MLflow may not put another in its place.

    Args:
        run_id: the run.
        path: the artifact.
        files: the SHA-256 of what was written, by path; kept in a reference, or in PostgreSQL with the version.
        place: where the run's artifacts lie, where that is known.

    Raises:
        Lost: the run has no such artifact, nobody noted its hash, or it is another.
    """
    remedy = "restore it, or train the model again with --fresh"
    if path not in files:
        raise Lost(
            f"MLflow run {run_id}: the hash of the artifact '{path}' must have been noted when it was written, found none; train again with --fresh"
        )
    place = place or location(run_id)
    found = _content(run_id, place, path)
    if found is not None and _sha256(found) == files[path]:
        return found
    other = _content(run_id, place, f"{EARLIER}/{files[path]}/{path}")
    if other is not None and _sha256(other) == files[path]:
        return other
    if found is None:
        raise Lost(f"MLflow run {run_id}: it should hold the artifact '{path}', found none; {remedy}")
    raise Lost(
        f"MLflow run {run_id}: its artifact '{path}' must have the SHA-256 {files[path][:12]}... it was written with, "
        f"found {_sha256(found)[:12]}...; somebody changed it: {remedy}"
    )


def runs(use_case: str, condition: str = "", order: Sequence[str] = ("attributes.start_time DESC",), most: int = 100) -> list[Any]:
    """Runs of a use case, newest first."""
    found = client().get_experiment_by_name(use_case)
    return list(client().search_runs([found.experiment_id], condition, order_by=list(order), max_results=most)) if found else []


def _content(run_id: str, place: str, path: str) -> bytes | None:
    """What an artifact holds, whoever wrote it; `None` where there is none."""
    there = local(place)
    if there:
        try:
            return (there / path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    client()  # the addresses of the store, which MLflow keeps in the process
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Path(download_artifacts(artifact_uri=f"{place}/{path}", dst_path=folder)).read_bytes()
        except (FileNotFoundError, IsADirectoryError, MlflowException) as error:
            if not any(file.path == path for file in client().list_artifacts(run_id, str(Path(path).parent).removeprefix("."))):
                return None
            raise error


def _put(run_id: str, place: str, path: str, data: bytes) -> None:
    there = local(place)
    if there:
        _replace(there / path, data)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(path).name
        file.write_bytes(data)
        parent = str(Path(path).parent)
        client().log_artifact(run_id, str(file), None if parent == "." else parent)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(file: Path, data: bytes) -> None:
    """Whole or not at all: a kill in the middle leaves the old content."""
    file.parent.mkdir(parents=True, exist_ok=True)
    making = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    making.write_bytes(data)
    making.replace(file)


if __name__ == "__main__":  # make the store's tables: `python -m lifecycle.store.tracking`
    client()
