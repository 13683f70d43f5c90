"""Lineage: from an answer back to the model that gave it, to the rows this was trained on, to the batches that brought them."""

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lifecycle import stored_code
from lifecycle.errors import LifecycleError
from lifecycle.history import ledger, standing
from lifecycle.prediction_log import lookup
from lifecycle.references import ModelVersion
from lifecycle.store import mlflow_registry, tables, tracking, versions
from lifecycle.store.lake import lake
from lifecycle.table import batches

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def of_prediction(use_case: "UseCase", id: str) -> dict[str, Any]:
    """Where an answer comes from, batch scoring's or HTTP's: as `of_version`, with what was answered under `prediction`.

    Its `row` is the row of `raw` that has its key (`lifecycle.prediction_log.lookup.row`), with the batch that brought it.

    Raises:
        LifecycleError: there is no such prediction, or the provenance of the version that gave it is not complete.
    """
    name = use_case.name
    if not versions.recorded(name):
        raise LifecycleError(f"use case '{name}': a prediction is given by a registered model, found no model; run 'lifecycle run {name}' first")
    said = lookup.answer(name, id)
    if said is None:
        raise LifecycleError(
            f"use case '{name}': '{id[:80]}' must be the id of a prediction, found none of this id in the lake and in the journal of this machine; "
            f"""see 'lifecycle sql "SELECT id, key FROM {name}.predictions"'"""
        )
    whole = of_version(use_case, said["model_version"])
    inputs = json.loads(said["inputs"]) if said["inputs"] else None
    return {**whole, "prediction": {**said, "inputs": inputs, "row": lookup.row(use_case, said["key"], said["scored_at"])}}


def of_version(use_case: "UseCase", number: int) -> dict[str, Any]:
    """Where a model version comes from: run, code, libraries, seed, recipe, split, and the batches whose rows it was trained on.

    Raises:
        LifecycleError: there is no such version, or its provenance is not complete.
    """
    name = use_case.name
    version = versions.kept(name, number) or versions.version(name, number)
    evaluated, trained = version.evaluated, version.evaluated.trained
    features = trained.parts.features
    decisions = ledger(name)
    stands = standing(decisions)
    return {
        "use_case": name,
        "prediction": None,
        "model_version": number,
        "mlflow_run_id": version.run_id,
        "sha256": version.sha256,
        "candidate": trained.recipe.candidate,
        "params": trained.recipe.params,
        "metric": {"name": evaluated.metric, "holdout": evaluated.holdout.get(evaluated.metric)},
        **_made_by(version),
        "features": {"version": features.version, "names": features.names},
        "split": {"rule": version.division, "lines": trained.parts.bounds, "rows": trained.parts.counts},
        **_data(version),
        "champion": stands.champion,
        "blocked": stands.blocked.get(number),
        "registry": _registry(version),
        "decisions": [each.as_json() for each in decisions if each.model_version == number],
    }


def _made_by(version: ModelVersion) -> dict[str, Any]:
    """`code`, `lock` and `seed`, as they were noted at registration."""
    from mlflow.exceptions import MlflowException

    try:
        tracking.client().get_run(version.run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise _incomplete(version, f"no MLflow run {version.run_id}") from None
    code = {
        "commit": version.commit,
        "dirty": version.dirty,
        "fingerprint": version.evaluated.trained.key,
        "stored": stored_code.FILE in version.files,
    }
    return {"code": code, "lock": version.lock, "seed": version.seed}


def _registry(version: ModelVersion) -> str | None:
    """What is wrong with the version in MLflow's registry, if anything: what was registered holds all the same."""
    with closing(mlflow_registry.reader()) as at:
        registry = mlflow_registry.look(at, version.use_case)
        why = mlflow_registry.lost(at, registry, version)
        return (
            f"version {version.version} is not in MLflow's registry: {why}" if why else next(mlflow_registry.differences(at, registry, version), None)
        )


def _data(version: ModelVersion) -> dict[str, Any]:
    """`snapshot` and `batches`: what `raw` held at the version of the lake that the model was trained on."""
    store, snapshot = lake(), version.evaluated.trained.parts.features.snapshot
    tables.prepare(store, version.use_case)
    taken = store.value("SELECT snapshot_time FROM lake.snapshots() WHERE snapshot_id = ?", [snapshot.version])
    if not snapshot.key.startswith(f"{store.identity}/"):
        raise _incomplete(version, "a snapshot of another lake")
    if taken is None:
        raise _incomplete(version, f"lake version {snapshot.version} expired")
    told = {"version": snapshot.version, "rows": snapshot.rows, "fingerprint": snapshot.fingerprint, "taken_at": taken}
    found = batches.of(store, snapshot, taken)
    if lost := [str(each["batch"]) for each in found if each["source"] is None]:
        raise _incomplete(version, f"no line in {version.use_case}.batches for rows of batch {', '.join(lost)}")
    return {"snapshot": told, "batches": found}


def _incomplete(version: ModelVersion, found: str) -> LifecycleError:
    return LifecycleError(
        f"use case '{version.use_case}': version {version.version} must lead back to its run, code and data, found {found}; "
        f"restore it, or make a new version with 'lifecycle train {version.use_case} --fresh'"
    )
