"""Predictions for the rows that have none yet."""

from typing import Any

from prefect import flow

from tasks import stages
from tasks.journey import Journey


@flow(name="score", flow_run_name="score {use_case}")
def score(use_case: str, fresh: bool = False) -> dict[str, Any]:
    """Let the champion score every row that it was not trained on and has not scored yet.

    Args:
        use_case: Whose rows to score.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = Journey(use_case, fresh)
    scored = go(stages.score, go(stages.featurize, stages.ingested(use_case)))
    return {**go.summary(), "model_version": scored.version, "scored": scored.rows, "total": scored.total}
