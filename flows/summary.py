"""What a flow run says of itself in the end: the fields that scripts read."""

from typing import Any

from lifecycle.references import DriftReport, Evaluated, ModelVersion, Scored, Snapshot, Verdict
from tasks.journey import Journey


def of_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot's numbers."""
    return {
        "snapshot": {"version": snapshot.version, **{name: getattr(snapshot, name) for name in ("rows", "came", "kept", "quarantined", "duplicates")}}
    }


def of_training(evaluated: Evaluated, version: ModelVersion, verdict: Verdict) -> dict[str, Any]:
    """A model's numbers and what the gate said."""
    metrics = {name: getattr(evaluated, name) for name in ("holdout", "train", "baseline", "linear", "intervals")}
    return {
        "model_version": version.version,
        "candidate": evaluated.trained.recipe.candidate,
        "promoted": verdict.promoted,
        "waiting": verdict.waiting,
        "reason": verdict.reason,
        "metric": evaluated.metric,
        "mode": evaluated.mode,
        "metrics": metrics,
        "mlflow_run_id": version.run_id,
    }


def of_drift(report: DriftReport) -> dict[str, Any]:
    """How far the world has moved."""
    fields = ("max", "limit", "drifted", "reason", "columns", "limits", "windows", "bad_windows", "performance")
    return {"drift": {name: getattr(report, name) for name in fields}}


def of_loop(
    go: Journey, snapshot: Snapshot, evaluated: Evaluated, version: ModelVersion, verdict: Verdict, scored: Scored, drift: DriftReport
) -> dict[str, Any]:
    """The whole loop's numbers."""
    return {**go.summary(), **of_snapshot(snapshot), **of_training(evaluated, version, verdict), "scored": scored.rows, **of_drift(drift)}
