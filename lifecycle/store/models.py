"""Fitted models as artifacts: kept with a hash, loaded only when the hash still holds."""

import hashlib
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.errors import LifecycleError, Lost
from lifecycle.store import tracking

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.models import ModelSignature

    from lifecycle.usecase import UseCase

SHA_TAG = "lifecycle.sha256"
PICKLE = "model.pkl"
WRITTEN_ON_LOADING = "registered_model_meta"  # MLflow adds it when a registered model is loaded from a local folder
REACHES = ("lifecycle.models", "lifecycle.networks")  # what a pickled model is made of: no code names it where one is loaded
OURS = frozenset({"lifecycle", "schemas", "usecases", "__main__"})


def save(run_id: str, use_case: "UseCase", estimator: Any, X_head: pl.DataFrame, predictions_head: pl.DataFrame, name: str = "model") -> str:
    """Log a fitted estimator as a model of a run, to be loaded by `load` or by `mlflow.sklearn`.

    Args:
        X_head: a few rows of model inputs, from which the signature takes names and types.
        predictions_head: what `lifecycle.predict` says of them.
        name: as MLflow shows it.

    Returns:
        The SHA-256 of the artifact. A run saved into twice keeps both; `load` tells them apart by the hash.
    """
    from mlflow.entities import LoggedModelOutput

    client = tracking.client()
    experiment = client.get_run(run_id).info.experiment_id
    logged = client.create_logged_model(experiment, name, source_run_id=run_id, model_type=type(estimator).__name__)
    there = tracking.local(logged.artifact_location)
    with _folder(there) as folder:
        _write(folder, logged, run_id, estimator, _signature(X_head, predictions_head))
        sha256, _ = fingerprint(folder)
        if not there:
            client.log_model_artifacts(logged.model_id, str(folder))
    client.set_logged_model_tags(logged.model_id, {SHA_TAG: sha256, "lifecycle.use_case": use_case.name})
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])  # last: a kill before it leaves no model
    return sha256


def begun(run: Any) -> "list[LoggedModel]":
    """All models that were begun for an MLflow run, also those that never became its own, for their process was killed."""
    return list(tracking.client().search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"))


def linked(run: Any) -> set[str]:
    """The ids of the models that are an MLflow run's own."""
    return {output.model_id for output in (run.outputs.model_outputs if run.outputs else [])}


def remove(models: "Iterable[LoggedModel]") -> int:
    """Delete models for good, with their files. Returns the bytes."""
    freed = 0
    for model in models:
        freed += tracking.erase(model.artifact_location.removesuffix("/artifacts"))
        client = tracking.client()
        client.delete_logged_model(model.model_id)
        client._tracking_client.store._hard_delete_logged_model(model.model_id)
    return freed


def logged_model(run_id: str, sha256: str) -> "LoggedModel":
    """The model of a run that was saved with this hash.

    Raises:
        Lost: the run has none.
    """
    from mlflow.exceptions import MlflowException

    try:
        outputs = tracking.client().get_run(run_id).outputs
        found = [tracking.client().get_logged_model(output.model_id) for output in reversed(outputs.model_outputs if outputs else [])]
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        found = []
    for logged in found:
        if logged.tags.get(SHA_TAG) == sha256:
            return logged
    for logged in found:  # the tag only finds it sooner
        with _here(logged.artifact_location) as folder:
            if fingerprint(folder)[0] == sha256:
                return logged
    raise Lost(f"MLflow run {run_id}: it should hold the model {sha256[:12]}, found none; train it again with --fresh")


@lru_cache(maxsize=8)
def load(run_id: str, sha256: str, location: str = "") -> Any:
    """The fitted estimator of a run. Its hash is checked before anything in it is run; treat it as read-only.

    Args:
        run_id: the run.
        sha256: what the files must have.
        location: where they lie, where that is known.

    Raises:
        LifecycleError: the files are missing, or are not those that were saved.
    """
    return opened(run_id, location or logged_model(run_id, sha256).artifact_location, sha256)


def opened(run_id: str, location: str, sha256: str) -> Any:
    """The fitted estimator whose files lie at `location`, loaded once their hash has been checked.

    Raises:
        LifecycleError: the files are missing, are not those that were saved, or need code that is not here any more.
    """
    import cloudpickle

    try:
        return cloudpickle.loads(verified(run_id, location, sha256))  # the bytes that were hashed: a file can change after that
    except (ImportError, AttributeError) as error:
        raise LifecycleError(
            f"the model of MLflow run {run_id} needs the code that it was made with, and here: {error}; check out that code "
            "('lifecycle lineage USE_CASE --version V' names the commit), or let a newer version answer: 'lifecycle promote USE_CASE V'"
        ) from error


def verified(run_id: str, location: str, sha256: str) -> bytes:
    """The pickle of a model, if the hash of its files is what it must be.

    Raises:
        Lost: the files are missing, or are not those that were saved.
    """
    remedy = "restore it, or roll back and train again"
    with _here(location) as folder:
        if not folder.is_dir():
            raise Lost(f"model of MLflow run {run_id}: its files must lie in {location}, found none there; {remedy}")
        found, pickle = fingerprint(folder)
    if found != sha256:
        raise Lost(
            f"model of MLflow run {run_id}: its files must have the SHA-256 {sha256[:12]}... they were saved with, found "
            f"{found[:12]}...; somebody changed {location}: {remedy}"
        )
    return pickle


def fingerprint(folder: Path) -> tuple[str, bytes]:
    """The SHA-256 of a folder's files, of the lines that `sha256sum` prints for them, sorted by path; and the pickle as it was hashed."""
    lines, pickle = [], b""
    for path in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
        if path == WRITTEN_ON_LOADING:
            continue
        content = (folder / path).read_bytes()
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
        if path == PICKLE:
            pickle = content
    return hashlib.sha256("".join(lines).encode()).hexdigest(), pickle


@contextmanager
def _folder(there: Path | None) -> Iterator[Path]:
    """Where to write the files: straight to their place where that is a local folder, else to a temporary one."""
    if there:
        there.parent.mkdir(parents=True, exist_ok=True)
        yield there
    else:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary) / "model"


def _write(folder: Path, logged: "LoggedModel", run_id: str, estimator: Any, signature: "ModelSignature") -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # while this is imported, MLflow warns of its own type hints
        import_module("mlflow.pyfunc.model")
    from mlflow.models import Model
    from mlflow.sklearn import save_model

    shutil.rmtree(folder, ignore_errors=True)
    loud = logging.getLogger("mlflow.sklearn")
    level = loud.level
    loud.setLevel(logging.ERROR)  # it warns of pickles on every save; that is what the hash is for
    try:
        save_model(
            estimator,
            str(folder),
            mlflow_model=Model(artifact_path=logged.artifact_location, run_id=run_id, model_id=logged.model_id, model_uuid=logged.model_id),
            serialization_format="cloudpickle",
            signature=signature,
            pip_requirements=list(requirements(frozenset(_modules(estimator)))),
        )
    finally:
        loud.setLevel(level)


@contextmanager
def _here(location: str) -> Iterator[Path]:
    """The folder of a model's files, on this machine for as long as the context lasts."""
    there = tracking.local(location)
    if there:
        yield there
        return
    from mlflow.artifacts import download_artifacts, list_artifacts
    from mlflow.exceptions import MlflowException

    tracking.client()  # the addresses of the store, which MLflow keeps in the process
    with tempfile.TemporaryDirectory() as temporary:
        try:
            folder = Path(download_artifacts(artifact_uri=location, dst_path=temporary))
        except MlflowException:
            if list_artifacts(artifact_uri=location):
                raise
            folder = Path(temporary) / "nothing"
        yield folder


def _signature(X: pl.DataFrame, predictions: pl.DataFrame) -> "ModelSignature":
    """By hand: inferred from Polars it says `Any`, and inferred from pandas a null turns an integer into a float."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, DataType, Schema

    def kind(dtype: pl.DataType, nulls: bool) -> DataType:
        if dtype == pl.Binary:
            return DataType.binary
        if dtype == pl.Boolean and not nulls:
            return DataType.boolean
        if dtype.is_integer() and not nulls:
            return DataType.long
        return DataType.double if dtype.is_numeric() or dtype == pl.Boolean else DataType.string

    inputs: Any = [ColSpec(kind(column.dtype, column.null_count() > 0), column.name, required=column.null_count() == 0) for column in X]
    return ModelSignature(Schema(inputs), Schema([ColSpec(kind(predictions["prediction"].dtype, False))]))


@cache
def requirements(modules: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The packages that a model needs, pinned as installed, and those of the top-level modules given."""
    packages = {"mlflow", "scikit-learn", "numpy", "scipy", "polars", "cloudpickle"}
    other = modules - OURS - {"sklearn", "numpy", "scipy", "polars", "builtins"}
    if other:
        named = metadata.packages_distributions()  # reads every package's file list: only where it is needed
        packages |= {package for module in other for package in named.get(module, [])}
    return tuple(f"{package}=={metadata.version(package)}" for package in sorted(packages))


def _modules(estimator: Any) -> Iterator[str]:
    """The top-level modules of an estimator and of its parts."""
    parts = estimator.get_params(deep=True).values() if hasattr(estimator, "get_params") else ()
    for part in (estimator, *parts):
        yield type(part).__module__.split(".")[0]
        if callable(part) and getattr(part, "__module__", None):
            yield part.__module__.split(".")[0]
