"""A challenger from the rows that are there, and the gate's verdict on it."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import steps
from flows.parameters import UseCaseName
from flows.summary import done, of_snapshot, of_training, plainly, told
from tasks import stages
from tasks.flow_runner import FlowRunner


@flow(name="train", flow_run_name="train {use_case}")
@plainly
def train(use_case: UseCaseName, fresh: bool = False, alarm: str = "") -> State[dict[str, Any]]:
    """Make a challenger from the rows that are there, judge it, and promote it if it is shown to be better.

    Args:
        use_case: Whose model to train.
        fresh: Run every stage anew, whatever the cache says.
        alarm: Leave empty. A drift alarm that starts this run says here what it saw.
    """
    go = FlowRunner(use_case, fresh, prefetch=stages.preload)
    snapshot = stages.ingested(use_case)
    evaluated, version, verdict = steps.learn(go, go(stages.featurize, snapshot))
    return done({**go.summary(), **of_snapshot(snapshot), **of_training(evaluated, version, verdict)}, told(verdict))
