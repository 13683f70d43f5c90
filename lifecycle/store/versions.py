"""Registered versions, as references. What a version is stands in PostgreSQL; MLflow says only whether it is still there."""

from contextlib import closing

from lifecycle.errors import LifecycleError, Lost
from lifecycle.references import ModelVersion
from lifecycle.store import mlflow_registry, models, records, tracking
from lifecycle.store.records import Reader

REFERENCE_TAG = "lifecycle.evaluated"
DIVISION_TAG = "lifecycle.division"
LOADED = frozenset({"compiled/model.onnx", "evaluation.json", "profile.json", "background.parquet"})
FIND = "SELECT reference FROM lifecycle_versions WHERE use_case = %s AND version = %s"
OF_RUN = "SELECT reference FROM lifecycle_versions WHERE use_case = %s AND run_id = %s ORDER BY version"
ALL = "SELECT reference FROM lifecycle_versions ORDER BY use_case, version"
NUMBERS = "SELECT version FROM lifecycle_versions WHERE use_case = %s ORDER BY version"
KEEP = "INSERT INTO lifecycle_versions (use_case, version, run_id, reference) VALUES (%s, %s, %s, %s)"


def keep(version: ModelVersion) -> None:
    """Note a version for good: nothing changes it any more."""
    with records.opened() as connection:
        connection.execute(KEEP, [version.use_case, version.version, version.run_id, version.model_dump_json()])


def kept(use_case: str, number: int, at: Reader | None = None) -> ModelVersion | None:
    """A version as it was registered, whether MLflow still has it or not; nothing where there is no record."""
    values = [use_case, min(max(number, 0), 2**31)]
    if at is not None:
        found = at.rows(FIND, *values)
    else:
        with records.opened() as connection:
            found = connection.execute(FIND, values).fetchall()
    return ModelVersion.model_validate_json(found[0][0]) if found else None


def of_run(use_case: str, run_id: str) -> list[ModelVersion]:
    """The versions that were registered of the model of a run."""
    with records.opened() as connection:
        return [ModelVersion.model_validate_json(row[0]) for row in connection.execute(OF_RUN, [use_case, run_id])]


def every() -> list[ModelVersion]:
    """All versions that were ever registered."""
    with records.opened() as connection:
        return [ModelVersion.model_validate_json(row[0]) for row in connection.execute(ALL)]


def recorded(use_case: str) -> list[int]:
    """The numbers of all versions that were ever registered, oldest first."""
    with records.opened() as connection:
        return [int(row[0]) for row in connection.execute(NUMBERS, [use_case])]


def numbers(use_case: str) -> list[int]:
    """The numbers of the registered versions that are still there, oldest first."""
    known = set(recorded(use_case))
    with closing(mlflow_registry.reader()) as at:
        return [number for number in mlflow_registry.look(at, use_case).numbers if number in known]


def version(use_case: str, number: int) -> ModelVersion:
    """A registered model version by its number.

    Raises:
        LifecycleError: there is none of that number.
        Lost: there was.
    """
    found = kept(use_case, number)
    with closing(mlflow_registry.reader()) as at:
        registry = mlflow_registry.look(at, use_case)
        why = mlflow_registry.lost(at, registry, found) if found else ""
    if found and not why:
        return found
    if not found and number in registry.numbers:
        raise foreign(use_case, number)
    known = set(recorded(use_case))
    there = ", ".join(str(each) for each in registry.numbers if each in known)
    listed = f"versions {there}" if there else f"none; run 'lifecycle run {use_case}' first"
    start = f"use case '{use_case}': version {number} must be a registered model version"
    if found:
        raise Lost(f"{start}, and {why}; there are {listed}" if there else f"{start}, and {why}; train one with 'lifecycle train {use_case} --fresh'")
    raise LifecycleError(f"{start}, found {listed}")


def foreign(use_case: str, number: int) -> Lost:
    """The error for a version that MLflow has and nobody of us has registered."""
    return Lost(
        f"model '{use_case}' version {number}: it must have been registered by Lifecycle, with the hashes of all that is loaded of it, found no such "
        f"record: somebody else made it, or an older Lifecycle that kept none; train one with 'lifecycle train {use_case} --fresh'"
    )


def artifact(version: ModelVersion, path: str) -> bytes:
    """What the run of a version keeps beside its model, as it was when the version was registered.

    Raises:
        Lost: it is gone, or is another.
    """
    return tracking.read(version.run_id, path, version.files, version.run_location)


def verify(version: ModelVersion, *, shown: bool = False) -> None:
    """Look at the hashes of all that a version needs to answer and to be watched; `shown`: of what is only shown too.

    Raises:
        Lost: something is gone, or is another.
    """
    models.verified(version.run_id, version.location, version.sha256)
    if version.judged_location:
        run_id, sha256, location = version.judged
        models.verified(run_id, location, sha256)
    for path in version.files:
        if shown or path in LOADED:
            artifact(version, path)
