"""What a flow run says of itself in the end: the fields that scripts read."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from lifecycle.errors import LifecycleError, Outage
from lifecycle.faults import plain
from lifecycle.references import DriftReport, Evaluated, ModelVersion, Scored, Snapshot, Verdict, Watched
from tasks.flow_runner import FlowRunner
from tasks.outcome import tell

P = ParamSpec("P")


def done(data: dict[str, Any], message: str) -> State[dict[str, Any]]:
    """A run's end: its data for scripts, one line of it for whoever looks at the list of runs, in its log too."""
    tell(message)
    return Completed(data=data, message=message)


def plainly(function: Callable[P, State[Any]]) -> Callable[P, State[Any]]:
    """Let a flow that ends in a mistake, or by what the machine did to it, say so in its state, in that one sentence."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        try:
            return function(*args, **kwargs)
        except (LifecycleError, Outage) as error:
            return Failed(message=str(error), data=error)
        except Exception as error:
            told = plain(error)
            if told is None:
                raise
            return Failed(message=str(told), data=told)

    return run


def told(verdict: Verdict) -> str:
    """A verdict as a line."""
    word = "promoted" if verdict.promoted else "not promoted:" if not verdict.waiting else "waiting for a person:"
    return f"{word} version {verdict.version}: {verdict.reason}"


def of_decision(verdict: Verdict) -> dict[str, Any]:
    """A person's decision, and who is champion after it."""
    fields = ("use_case", "version", "promoted", "reason")
    return {name: getattr(verdict, name) for name in fields}


def of_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot's numbers, and what was unusual about its newest batch."""
    counts = {name: getattr(snapshot, name) for name in ("rows", "came", "kept", "quarantined", "duplicates")}
    return {"snapshot": {"version": snapshot.version, **counts}, "alarms": list(snapshot.alarms), "notes": list(snapshot.notes)}


def of_training(evaluated: Evaluated, version: ModelVersion, verdict: Verdict) -> dict[str, Any]:
    """A model's numbers and what the gate said."""
    metrics = {name: getattr(evaluated, name) for name in ("holdout", "train", "baseline", "linear", "last", "intervals")}
    return {
        "model_version": version.version,
        "candidate": evaluated.trained.recipe.candidate,
        "promoted": verdict.promoted,
        "waiting": verdict.waiting,
        "reason": verdict.reason,
        "metric": evaluated.metric,
        "mode": evaluated.mode,
        "metrics": metrics,
        "sampled": evaluated.trained.parts.used,
        "mlflow_run_id": version.run_id,
    }


def of_drift(report: DriftReport) -> dict[str, Any]:
    """How far the world has moved."""
    fields = (
        "max", "limit", "drifted", "reason", "columns", "limits", "windows", "bad_windows", "performance", "kinds", "found", "estimate",
        "unscored", "unknown_keys",
    )  # fmt: skip
    dumped = report.model_dump(include=set(fields))
    return {"drift": {name: dumped[name] for name in fields}}


def of_watch(watched: Watched) -> dict[str, Any]:
    """What followed, and how a new champion does beside the one before it."""
    fields = ("version", "previous", "rolled_back", "reason", "windows", "rows", "gain", "confidence")
    return {"watch": {name: watched.model_dump()[name] for name in fields}}


def of_loop(
    go: FlowRunner, snapshot: Snapshot, evaluated: Evaluated, version: ModelVersion, verdict: Verdict, scored: Scored, drift: DriftReport
) -> dict[str, Any]:
    """The whole loop's numbers."""
    return {**go.summary(), **of_snapshot(snapshot), **of_training(evaluated, version, verdict), "scored": scored.rows, **of_drift(drift)}
