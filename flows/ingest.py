"""New rows into the lake."""

from typing import Any

from prefect import flow

from flows.summary import of_snapshot
from tasks import stages
from tasks.journey import Journey


@flow(name="ingest", flow_run_name="ingest {use_case}")
def ingest(use_case: str, source: str | None = None, fresh: bool = False) -> dict[str, Any]:
    """Read the source, keep the valid rows, quarantine the others.

    Args:
        use_case: Whose rows to bring.
        source: A file, a query, or a generator's parameters, in place of the use case's own source.
        fresh: Read the source anew, whatever the cache says.
    """
    go = Journey(use_case, fresh)
    snapshot = go(stages.validate, go(stages.collect, source))
    return {**go.summary(), **of_snapshot(snapshot)}
