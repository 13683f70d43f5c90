"""House-keeping: what nobody needs any more goes, and it is said what."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parameters import EVERY, Days, UseCaseOrAll
from flows.summary import done, plainly
from tasks import maintenance
from tasks.flow_runner import start


@flow(name="maintain", flow_run_name="maintain {use_case}")
@plainly
def maintain(use_case: UseCaseOrAll = EVERY, keep_days: Days = 30) -> State[dict[str, Any]]:
    """Compact the lake, and remove what is older than a number of days and needed by nothing.

    Small files are merged; versions of the lake go that no registered model was trained on, runs in MLflow that no
    registered model came from, cached results that point at what is gone, and what Prefect remembers of old flow runs that hold no
    newest artifact. Rows, models, predictions and ledgers stay.

    Args:
        use_case: Whose MLflow runs and results to clear; 'all' is everybody's. The lake is one for all.
        keep_days: Whatever is younger than this stays in any case.
    """
    start(None if use_case == EVERY else use_case)
    freed = maintenance.maintain(None if use_case == EVERY else use_case, keep_days)
    return done({"use_case": use_case, **freed.model_dump(exclude={"use_case", "key"})}, freed.told())
