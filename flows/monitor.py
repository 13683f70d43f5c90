"""Whether the world is still the one the champion was trained on."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parameters import UseCaseName
from flows.summary import done, of_drift, of_watch, plainly
from tasks import stages
from tasks.flow_runner import FlowRunner


@flow(name="monitor", flow_run_name="monitor {use_case}")
@plainly
def monitor(use_case: UseCaseName, fresh: bool = False) -> State[dict[str, Any]]:
    """Compare the newest rows, predictions and labels with the champion's training and promises.

    A drift raises an alarm; what follows is what the definition says (`Monitoring.follows`): nothing, the alarm alone, a training whose
    result the gate judges, or the champion before. A new champion that does worse than the one before would have done is rolled back.

    Args:
        use_case: Whose champion to watch.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = FlowRunner(use_case, fresh)
    features = go(stages.featurize, stages.ingested(use_case))
    report = go(stages.monitor, features)
    told = go.outcome
    watched = go(stages.watch, report, features)
    summary = {**go.summary(), "model_version": report.version, **of_drift(report), **of_watch(watched)}
    return done(summary, "; ".join(filter(None, (told, watched.reason))))
