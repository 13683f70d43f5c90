"""Register: a version of the registered model, with everything that is needed to trust, explain and repeat it."""

import json
from typing import TYPE_CHECKING, Any

from lifecycle import fingerprint, provenance
from lifecycle.compiled import admit
from lifecycle.errors import LifecycleError
from lifecycle.featurize import read
from lifecycle.reading.written_out import masked
from lifecycle.references import Evaluated, ModelVersion
from lifecycle.reports.card import card
from lifecycle.rows.seen import division
from lifecycle.store import models, tracking, versions
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def register(use_case: "UseCase", evaluated: Evaluated) -> ModelVersion:
    """Make an evaluated model a version of the registered model named as its use case, and close its MLflow run.

    The version gets no alias: that is the gate's to give. Registered again, the same evaluation gives the same version.
    """
    trained = evaluated.trained
    with lake().lock(f"register {use_case.name}"):
        known = _registered(use_case.name, evaluated)
        if known is None:
            facts = {**_facts(evaluated), "compiled": _compiled(use_case, evaluated)}
            _log(use_case, evaluated, facts)
            _make_model(use_case)
            known = versions.reference(
                tracking.client().create_model_version(  # one transaction: a kill leaves a whole version or none
                    use_case.name,
                    source=f"models:/{models.logged_model(trained.run_id, trained.sha256).model_id}",
                    run_id=trained.run_id,
                    tags=_tags(use_case, evaluated, facts),
                    description=_summary(evaluated),
                )
            )
        tracking.end(trained.run_id)
        return known


def _registered(name: str, evaluated: Evaluated) -> ModelVersion | None:
    """The version that this very evaluation was registered as before."""
    wanted = evaluated.model_dump_json()
    for version in tracking.client().search_model_versions(f"name = '{name}' and run_id = '{evaluated.trained.run_id}'"):
        if version.tags.get(versions.REFERENCE_TAG) == wanted:
            return versions.reference(version)
    return None


def _facts(evaluated: Evaluated) -> dict[str, Any]:
    """Where the model comes from, in one flat table: tags of the version and the end of its card."""
    trained = evaluated.trained
    features = trained.parts.features
    code = provenance.code()
    return {
        "candidate": trained.recipe.candidate,
        "params": trained.recipe.params,
        "metric": evaluated.metric,
        "rows": trained.parts.counts,
        "lake_version": features.snapshot.version,
        "features_version": features.version,
        "snapshot_fingerprint": features.snapshot.fingerprint,
        "git_commit": code.commit,
        "git_dirty": code.dirty,
        "lock_sha256": fingerprint.lock(),
        "sha256": trained.sha256,
        "run_id": trained.run_id,
    }


def _compiled(use_case: "UseCase", evaluated: Evaluated) -> dict[str, Any]:
    """The model compiled for serving, where it can be."""
    trained = evaluated.trained
    features = trained.parts.features
    model = models.load(trained.run_id, trained.sha256)
    return admit.compile(use_case, model, trained.run_id, features.names, read(use_case, features).X)


def _tags(use_case: "UseCase", evaluated: Evaluated, facts: dict[str, Any]) -> dict[str, str]:
    shown = {name: value for name, value in facts.items() if name not in ("params", "rows", "run_id", "compiled")}
    score = evaluated.holdout.get(evaluated.metric, float("nan"))
    return {
        versions.REFERENCE_TAG: evaluated.model_dump_json(),
        versions.DIVISION_TAG: division(use_case),
        tracking.KEY_TAG: evaluated.key,
        admit.TAG: json.dumps(facts["compiled"]),
        "lifecycle.score": f"{score:.6g}",
        **{f"lifecycle.{name}": str(value) for name, value in shown.items()},
    }


def _log(use_case: "UseCase", evaluated: Evaluated, facts: dict[str, Any]) -> None:
    """What the run keeps for whoever looks at it later. Written again after a kill, it is the same."""
    run_id, features = evaluated.trained.run_id, evaluated.trained.parts.features
    evaluation = json.loads(tracking.read(run_id, "evaluation.json"))
    tracking.write(run_id, "model_card.md", card(use_case, evaluation, {**facts, **_told(use_case.name, evaluated)}))
    tracking.write(run_id, "reference.json", evaluated.model_dump_json(indent=2))
    if lock := provenance.lock():
        tracking.write(run_id, provenance.LOCK, lock)
    if diff := provenance.diff():
        tracking.write(run_id, "code.diff", diff)
    snapshot = features.snapshot
    source = {"table": f"{use_case.name}.{snapshot.table}", "lake_version": snapshot.version, "features_version": features.version}
    profile = {"rows": snapshot.rows, "fingerprint": snapshot.fingerprint, **evaluated.trained.parts.counts}
    tracking.dataset(run_id, f"{use_case.name}.{snapshot.table}", snapshot.fingerprint, json.dumps(source), json.dumps(profile))
    tracking.log(run_id, tags={f"lifecycle.{name}": facts[name] for name in ("lake_version", "git_commit", "git_dirty", "lock_sha256")})


def _told(name: str, evaluated: Evaluated) -> dict[str, Any]:
    """What only the card says: where the rows came from, what the search tried, which version this becomes."""
    batch = evaluated.trained.parts.features.snapshot.batch
    source = lake().value(f"SELECT source FROM {name}.batches WHERE batch = ?", [batch])
    newest = max((int(version.version) for version in tracking.client().search_model_versions(f"name = '{name}'")), default=0)
    return {"source": source and masked(source), "leaderboard": _leaderboard(evaluated.trained.run_id), "version": newest + 1}


def _leaderboard(run_id: str) -> list[dict[str, Any]]:
    """What the search tried; nothing for a model that was not searched for."""
    try:
        return json.loads(tracking.read(run_id, "leaderboard.json"))
    except LifecycleError:
        return []


def _make_model(use_case: "UseCase") -> None:
    from mlflow.exceptions import MlflowException

    try:
        tracking.client().create_registered_model(use_case.name, {"lifecycle.problem": use_case.problem}, use_case.title)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _summary(evaluated: Evaluated) -> str:
    """What the list of versions in MLflow's UI shows."""
    metric = evaluated.metric
    low, high = evaluated.intervals.get(metric, (float("nan"),) * 2)
    score, constant = evaluated.holdout.get(metric, float("nan")), evaluated.baseline.get(metric, float("nan"))
    how = "held-out rows" if evaluated.mode == "holdout" else "cross-validation"
    return f"{evaluated.trained.recipe.candidate}: {metric} {score:.4g} [{low:.4g}, {high:.4g}] on {how}, a constant has {constant:.4g}"
