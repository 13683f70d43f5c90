"""New rows into the lake."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import steps
from flows.parameters import SourceText, UseCaseName
from flows.summary import done, of_snapshot, plainly
from tasks.flow_runner import FlowRunner


@flow(name="ingest", flow_run_name="ingest {use_case}")
@plainly
def ingest(use_case: UseCaseName, source: SourceText = "", fresh: bool = False) -> State[dict[str, Any]]:
    """Bring new rows: read the source, keep the valid rows, put the others into quarantine with their reasons.

    Nothing is trained. Reading the same rows again changes nothing.

    Args:
        use_case: Whose rows to bring.
        source: Empty for the use case's own source. Else a file or glob, an address (https, s3, postgresql, sqlite), SQL, a generator's
            parameters, or a range of its own source as in from=2024-01-01,until=2024-02-01.
        fresh: Read the source anew, whatever the cache says.
    """
    go = FlowRunner(use_case, fresh)
    snapshot = steps.bring(go, go.given(source))
    return done({**go.summary(), **of_snapshot(snapshot)}, go.outcome)
