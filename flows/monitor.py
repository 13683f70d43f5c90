"""Whether the world is still the one the champion was trained on."""

from typing import Any

from prefect import flow

from flows.summary import of_drift
from tasks import stages
from tasks.journey import Journey


@flow(name="monitor", flow_run_name="monitor {use_case}")
def monitor(use_case: str, fresh: bool = False) -> dict[str, Any]:
    """Compare the newest rows, predictions and labels with the champion's training and promises.

    Args:
        use_case: Whose champion to watch.
        fresh: Run every stage anew, whatever the cache says.
    """
    go = Journey(use_case, fresh)
    report = go(stages.monitor, go(stages.featurize, stages.ingested(use_case)))
    return {**go.summary(), "model_version": report.version, **of_drift(report)}
