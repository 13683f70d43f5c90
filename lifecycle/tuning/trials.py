"""The trials of a search, as its leaderboard and its MLflow run show them."""

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.store import tracking

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class TrialResult:
    """An ended trial, as the leaderboard shows it."""

    number: int
    candidate: str
    params: dict[str, Any]
    score: float
    error: float
    pruned: bool
    seconds: float


def log(use_case: "UseCase", run_id: str, attempts: list[TrialResult], best: TrialResult, stopped: str) -> dict[str, str]:
    """Write the leaderboard and each trial, as a nested run, into the MLflow run. Returns the leaderboard's hash by its path."""
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    client = tracking.client()
    where = client.get_run(run_id).info.experiment_id
    there = {run.info.run_name for run in client.search_runs([where], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'")}
    now = int(time.time() * 1000)
    for attempt in attempts:
        name = f"trial {attempt.number + 1}: {attempt.candidate}"
        if name in there:  # by a process that was killed here
            continue
        run = client.create_run(where, start_time=now - round(attempt.seconds * 1000), run_name=name, tags={MLFLOW_PARENT_RUN_ID: run_id})
        worth = {f"tune/{use_case.metric}": attempt.score, "standard_error": attempt.error, "seconds": attempt.seconds}
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(key.replace("@", "_at_"), value, now, 0) for key, value in worth.items() if np.isfinite(value)],
            params=[Param(key, str(value)) for key, value in {"candidate": attempt.candidate, **attempt.params}.items()],
            tags=[RunTag("lifecycle.trial", "pruned" if attempt.pruned else "chosen" if attempt is best else "finished")],
        )
        client.set_terminated(run.info.run_id, end_time=now)
    files = tracking.write(run_id, "leaderboard.json", json.dumps(leaderboard(use_case, attempts), indent=1))
    facts = {"tuning/trials": len(attempts), "tuning/pruned": sum(attempt.pruned for attempt in attempts), "tuning/stopped": stopped or "no"}
    tracking.log(run_id, params=facts, metrics={f"tune/{use_case.metric}": best.score} if attempts else {})
    return files


def leaderboard(use_case: "UseCase", attempts: list[TrialResult]) -> list[dict[str, Any]]:
    """The trials, the best first and the pruned last, as JSON has them."""
    sign = -1 if use_case.kind.greater_is_better(use_case.metric) else 1
    ranked = sorted(attempts, key=lambda attempt: (attempt.pruned, not np.isfinite(attempt.score), sign * np.nan_to_num(attempt.score)))
    return [{**asdict(attempt), "score": attempt.score if np.isfinite(attempt.score) else None} for attempt in ranked]
