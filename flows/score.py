"""Predictions for the rows that have none yet."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parameters import UseCaseName
from flows.summary import done, plainly
from tasks import stages
from tasks.flow_runner import FlowRunner


@flow(name="score", flow_run_name="score {use_case}")
@plainly
def score(use_case: UseCaseName, fresh: bool = False) -> State[dict[str, Any]]:
    """Let the champion predict every row that it was not trained on and has not predicted yet.

    The predictions land in the lake's table USE_CASE.predictions. Running it again adds nothing.

    Args:
        use_case: Whose rows to score.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = FlowRunner(use_case, fresh)
    scored = go(stages.score, go(stages.featurize, stages.ingested(use_case)))
    return done({**go.summary(), "model_version": scored.version, "scored": scored.rows, "total": scored.total}, go.outcome)
