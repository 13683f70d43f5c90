"""Whether the world is still the one the champion was trained on."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parameters import UseCaseName
from flows.summary import done, of_drift, plainly
from tasks import stages
from tasks.flow_runner import FlowRunner


@flow(name="monitor", flow_run_name="monitor {use_case}")
@plainly
def monitor(use_case: UseCaseName, fresh: bool = False) -> State[dict[str, Any]]:
    """Compare the newest rows, predictions and labels with the champion's training and promises.

    A drift raises an alarm; the alarm starts a training by itself, and the gate decides on its result.

    Args:
        use_case: Whose champion to watch.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = FlowRunner(use_case, fresh)
    report = go(stages.monitor, go(stages.featurize, stages.ingested(use_case)))
    return done({**go.summary(), "model_version": report.version, **of_drift(report)}, go.outcome)
