"""Evaluate: how good a trained model is, how sure that is, what it beats, and where it is weak."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle.dataset import Rows
from lifecycle.evaluation import contributions
from lifecycle.evaluation.evidence import Evidence
from lifecycle.evaluation.fairness import fairness
from lifecycle.evaluation.importance import importances
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.resample import Clusters, Interval, average, clusters, intervals, paired
from lifecycle.evaluation.slices import slices
from lifecycle.monitoring import profile
from lifecycle.monitoring.typical import typical
from lifecycle.references import Evaluated, Trained
from lifecycle.reports import pictures
from lifecycle.reports.plots import reliability
from lifecycle.rows.parts import rows
from lifecycle.store import models, tracking

if TYPE_CHECKING:
    from lifecycle.evaluation.judge import Judged
    from lifecycle.usecase import UseCase

CONFIDENCE = 0.95


def evaluate(use_case: "UseCase", trained: Trained) -> Evaluated:
    """Judge a trained model on rows it has not seen, and keep what was found in its MLflow run.

    Writes `evaluation.json` (everything that the gate and the model card read), `plots/*.png`, `profile.json` (the
    reference for drift, and what a row usually holds), `background.parquet` (what explanations start from) and the metrics `holdout_*`, `train_*`,
    `tune_*`, `baseline_*` (a constant) and `linear_*`.
    """
    tracking.active(use_case.name, trained.run_id)
    train, tune, gate = (rows(use_case, trained.parts, part) for part in ("train", "tune", "gate"))
    model = models.load(trained.run_id, trained.sha256)
    evidence = use_case.kind.evidence(use_case, model, trained.recipe, train, tune, gate)
    groups = clusters(use_case, evidence.model.rows.info)
    found = intervals(use_case, evidence.model.rows.y, evidence.model.predictions, groups, confidence=CONFIDENCE) | evidence.besides
    evidence = replace(evidence, classes=use_case.kind.per_class(use_case, evidence.model, groups))
    report = {
        "use_case": use_case.name,
        "recipe": trained.recipe.model_dump(),
        "data": _data(trained, train, gate),
        **_judgement(use_case, evidence, groups, found),
        "importances": importances(use_case, model, gate),
    }
    drawn = pictures.draw(use_case, evidence, {name: one.value for name, one in found.items()}, report["importances"])
    report["plots"] = sorted(f"plots/{name}.png" for name in drawn)
    files = tracking.write(trained.run_id, contributions.FILE, contributions.background(train.X, use_case.seed))
    reference = profile.reference(use_case, train, evidence.unseen) | {"typical": typical(use_case, trained.parts.features.snapshot.version)}
    files |= _written(trained.run_id, report, drawn, reference)
    evaluated = Evaluated(
        use_case=use_case.name,
        key=f"{trained.key}/evaluated",
        trained=trained,
        metric=use_case.metric,
        mode=evidence.mode,
        holdout={name: one.value for name, one in found.items()},
        intervals={name: (one.low, one.high) for name, one in found.items() if one.low is not None and one.high is not None},
        train=evidence.train,
        baseline=_metrics(use_case, evidence.constant),
        linear=_metrics(use_case, evidence.linear),
        files={**trained.files, **files},
    )
    _logged(evaluated, evidence.tune)
    return evaluated


def _judgement(use_case: "UseCase", evidence: Evidence, groups: Clusters, found: dict[str, Interval]) -> dict[str, Any]:
    """Every number about the model's worth, as plain values."""
    y, metric, kind = evidence.model.rows.y, use_case.metric, use_case.kind
    constant, linear = _metrics(use_case, evidence.constant), _metrics(use_case, evidence.linear)
    table = {
        name: {
            "holdout": one.value, "low": one.low, "high": one.high,
            "train": evidence.train.get(name), "tune": evidence.tune.get(name),
            "constant": constant.get(name), "linear": linear.get(name),
            "gap": kind.gain(name, evidence.train[name], one.value) if name in evidence.train else None,
        }
        for name, one in found.items()
    }  # fmt: skip
    gains = {
        f"over_{name}": paired(use_case, metric, y, evidence.model.predictions, other.predictions, groups, CONFIDENCE, other.rows.y)
        for name, other in (("constant", evidence.constant), ("linear", evidence.linear))
    }
    return {
        "problem": kind.name,
        "metric": metric,
        "mode": evidence.mode,
        "how": evidence.how,
        "confidence": CONFIDENCE,
        "judged": {"rows": len(y), "clusters": groups.count, "clustered_by": groups.by},
        "metrics": table,
        "gains": {name: gain.json() if gain else None for name, gain in gains.items()},
        "calibration": _calibration(use_case, evidence.model, table),
        "slices": slices(use_case, evidence.model, evidence.constant, groups),
        "fairness": fairness(use_case, evidence.model, groups),
        "classes": evidence.classes,
        "clusters": kind.clusters(use_case, evidence),
        "selective_labels": use_case.selective_labels,
    }


def _calibration(use_case: "UseCase", judged: "Judged", table: dict[str, Any]) -> dict[str, Any] | None:
    found = use_case.kind.calibration(judged)
    if found is None:
        return None
    of, happened, probability = found
    return {
        "calibration_error": table.get("calibration_error", {}).get("holdout"),
        "of": of,
        "table": reliability(happened, probability, len(judged.predictions)),
    }


def _metrics(use_case: "UseCase", judged: "Judged") -> dict[str, float]:
    return average([compute(use_case, judged.rows.y, frame) for frame in judged.predictions])


def _data(trained: Trained, train: Rows, gate: Rows) -> dict[str, Any]:
    snapshot = trained.parts.features.snapshot
    kept = ("rows", "came", "kept", "quarantined", "duplicates", "fingerprint")
    spans = {name: [str(part.time.min()), str(part.time.max())] for name, part in (("train", train), ("gate", gate)) if part.time is not None}
    return {
        "parts": trained.parts.counts,
        "sampled": trained.parts.used,
        "lake_version": snapshot.version,
        "inputs": list(trained.parts.features.names),
        "spans": spans,
        **{name: getattr(snapshot, name) for name in kept},
    }


def _written(run_id: str, report: dict[str, Any], drawn: dict[str, bytes], drift: dict[str, Any]) -> dict[str, str]:
    """What is kept as files, with the SHA-256 of each by its path."""
    files: dict[str, str] = {}
    for name, picture in drawn.items():
        files |= tracking.write(run_id, f"plots/{name}.png", picture)
    files |= tracking.write(run_id, "profile.json", json.dumps(drift))
    return files | tracking.write(run_id, "evaluation.json", json.dumps(report, indent=1, allow_nan=False))


def _logged(evaluated: Evaluated, tune: dict[str, float]) -> None:
    parts = {"holdout": evaluated.holdout, "train": evaluated.train, "tune": tune, "baseline": evaluated.baseline, "linear": evaluated.linear}
    logged = {f"{part}_{name}": value for part, values in parts.items() for name, value in values.items()}
    for name, (low, high) in evaluated.intervals.items():
        logged |= {f"holdout_{name}_low": low, f"holdout_{name}_high": high}
    tracking.log(evaluated.trained.run_id, metrics=logged, tags={"lifecycle.mode": evaluated.mode})
