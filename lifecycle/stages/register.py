"""Register: a version of the registered model, with everything that is needed to trust, explain and repeat it."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from lifecycle import provenance, stored_code
from lifecycle.compiled import admit
from lifecycle.dependencies import fingerprint
from lifecycle.evaluation.report import FILE, EvaluationReport
from lifecycle.history import history
from lifecycle.reading.secrets_in_text import masked
from lifecycle.references import Evaluated, ModelVersion
from lifecycle.reports.card import card
from lifecycle.store import models, tracking, versions
from lifecycle.store.lake import lake
from lifecycle.table.feature_table import read

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def register(use_case: "UseCase", evaluated: Evaluated) -> ModelVersion:
    """Make an evaluated model a version of the registered model named as its use case, and close its MLflow run.

    What the version is, with the hashes of all that is loaded of it, is noted in PostgreSQL (`lifecycle.store.versions`): that
    is what others read. MLflow shows it. The version gets no alias: that is the gate's to give. Registered again, the same
    evaluation gives the same version, as long as nobody deleted it; what a kill left half done is completed.

    Raises:
        LifecycleError: the run was deleted.
        Lost: what was evaluated is gone, or is not what is there now.
    """
    trained = evaluated.trained
    tracking.active(use_case.name, trained.run_id)
    with lake().lock(f"register {use_case.name}"):
        known = _known(use_case.name, evaluated) or _made(use_case, evaluated)
        tracking.end(trained.run_id)
        return known


def _known(name: str, evaluated: Evaluated) -> ModelVersion | None:
    """The version that this very evaluation was registered as before, if it is still there."""
    there = versions.numbers(name)
    wanted = evaluated.model_dump_json()  # as text: a metric that is no number equals itself
    same = (each for each in versions.of_run(name, evaluated.trained.run_id) if each.evaluated.model_dump_json() == wanted)
    return next((each for each in same if each.version in there), None)


def _made(use_case: "UseCase", evaluated: Evaluated) -> ModelVersion:
    """The version made: first in MLflow, which gives the number, then all that is to be found by the number, last our own record."""
    trained = evaluated.trained
    evaluation = EvaluationReport.from_json(tracking.read(trained.run_id, FILE, evaluated.files))
    facts = _facts(evaluated)
    facts["compiled"], files = _compiled(use_case, evaluated)
    tags = _tags(use_case, evaluated, facts)
    number = _numbered(use_case, evaluated, tags)
    files |= _log(use_case, evaluated, evaluation, {**facts, **_told(use_case.name, evaluated), "version": number})
    made = ModelVersion(
        use_case=use_case.name,
        key=f"{use_case.name}/{number}/{trained.sha256}",
        version=number,
        run_id=trained.run_id,
        sha256=trained.sha256,
        evaluated=evaluated,
        division=tags[versions.DIVISION_TAG],
        location=models.logged_model(trained.run_id, trained.sha256).artifact_location,
        judged_location=models.logged_model(trained.run_id, trained.judged_sha256).artifact_location if trained.judged_sha256 else "",
        run_location=tracking.location(trained.run_id),
        files={**evaluated.files, **files},
        tags={name: hashlib.sha256(value.encode()).hexdigest() for name, value in tags.items()},
        commit=facts["git_commit"],
        dirty=facts["git_dirty"],
        lock=facts["lock_sha256"],
        seed=use_case.seed,
    )
    versions.keep(made)
    return made


def _numbered(use_case: "UseCase", evaluated: Evaluated, tags: dict[str, str]) -> int:
    """The number of the version in MLflow: of one that a killed process left without a record, else of a new one.

    MLflow forgets its numbers with the registered model. A number that was given before is never given again: predictions,
    verdicts and the ledger speak of the old one.
    """
    client, name, run_id = tracking.client(), use_case.name, evaluated.trained.run_id
    source = f"models:/{models.logged_model(run_id, evaluated.trained.sha256).model_id}"
    _make_model(use_case)
    decided = history(name)["model_version"].to_list()
    taken = {*versions.recorded(name), *map(int, decided)}
    for left in client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'"):
        if int(left.version) not in taken and left.source == source and left.tags.get(versions.REFERENCE_TAG) == tags[versions.REFERENCE_TAG]:
            for tag, value in tags.items():
                client.set_model_version_tag(name, left.version, tag, value)
            return int(left.version)
    while True:  # one transaction each: a kill leaves a whole version or none
        made = client.create_model_version(name, source=source, run_id=run_id, tags=tags, description=_summary(evaluated))
        if int(made.version) > max(taken, default=0):
            return int(made.version)
        client.delete_model_version(name, made.version)


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


def _compiled(use_case: "UseCase", evaluated: Evaluated) -> tuple[dict[str, Any], dict[str, str]]:
    """The model compiled for serving, where it can be: what is noted of that, and the hashes of its files."""
    trained = evaluated.trained
    features = trained.parts.features
    model = models.load(trained.run_id, trained.sha256)
    return admit.compile(use_case, model, trained.run_id, features.names, read(use_case, features).X)


def _tags(use_case: "UseCase", evaluated: Evaluated, facts: dict[str, Any]) -> dict[str, str]:
    shown = {name: value for name, value in facts.items() if name not in ("params", "rows", "run_id", "compiled")}
    score = evaluated.holdout.get(evaluated.metric, float("nan"))
    return {
        versions.REFERENCE_TAG: hashlib.sha256(evaluated.model_dump_json().encode()).hexdigest(),
        versions.DIVISION_TAG: use_case.split.rule(use_case),
        tracking.KEY_TAG: evaluated.key,
        admit.TAG: admit.said(facts["compiled"]),
        "lifecycle.score": f"{score:.6g}",
        **{f"lifecycle.{name}": str(value) for name, value in shown.items()},
    }


def _log(use_case: "UseCase", evaluated: Evaluated, evaluation: EvaluationReport, facts: dict[str, Any]) -> dict[str, str]:
    """What the run keeps for whoever looks at it later, with its hashes. Written again after a kill, it is the same."""
    run_id, features = evaluated.trained.run_id, evaluated.trained.parts.features
    files = tracking.write(run_id, "model_card.md", card(use_case, evaluation, facts))
    files |= tracking.write(run_id, "reference.json", evaluated.model_dump_json(indent=2))
    if lock := provenance.lock():
        files |= tracking.write(run_id, provenance.LOCK, lock)
    if diff := provenance.diff():
        files |= tracking.write(run_id, "code.diff", diff)
    files |= tracking.write(run_id, stored_code.FILE, stored_code.pack(use_case.name))
    snapshot = features.snapshot
    source = {"table": f"{use_case.name}.{snapshot.table}", "lake_version": snapshot.version, "features_version": features.version}
    profile = {"rows": snapshot.rows, "fingerprint": snapshot.fingerprint, **evaluated.trained.parts.counts}
    tracking.dataset(run_id, f"{use_case.name}.{snapshot.table}", snapshot.fingerprint, json.dumps(source), json.dumps(profile))
    tracking.log(run_id, tags={f"lifecycle.{name}": facts[name] for name in ("lake_version", "git_commit", "git_dirty", "lock_sha256")})
    return files


def _told(name: str, evaluated: Evaluated) -> dict[str, Any]:
    """What only the card says: where the rows came from, what the search tried."""
    batch = evaluated.trained.parts.features.snapshot.batch
    source = lake().value(f"SELECT source FROM {name}.batches WHERE batch = ?", [batch])
    return {"source": source and masked(source), "leaderboard": _leaderboard(evaluated)}


def _leaderboard(evaluated: Evaluated) -> list[dict[str, Any]]:
    """What the search tried; nothing for a model that was not searched for."""
    if "leaderboard.json" not in evaluated.files:
        return []
    return json.loads(tracking.read(evaluated.trained.run_id, "leaderboard.json", evaluated.files))


def _make_model(use_case: "UseCase") -> None:
    from mlflow.exceptions import MlflowException

    try:
        tracking.client().create_registered_model(use_case.name, {"lifecycle.problem": use_case.kind.name}, use_case.title)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _summary(evaluated: Evaluated) -> str:
    """What the list of versions in MLflow's UI shows."""
    metric = evaluated.metric
    low, high = evaluated.intervals.get(metric, (float("nan"),) * 2)
    score, constant = evaluated.holdout.get(metric, float("nan")), evaluated.baseline.get(metric, float("nan"))
    how = "held-out rows" if evaluated.mode == "holdout" else "cross-validation"
    return f"{evaluated.trained.recipe.candidate}: {metric} {score:.4g} [{low:.4g}, {high:.4g}] on {how}, a blind guess has {constant:.4g}"
