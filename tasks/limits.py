"""Who started a run: a person at a command line, or the Prefect server for whoever uses its form, its API or an automation."""

import os

from prefect.context import FlowRunContext, get_run_context
from prefect.exceptions import MissingContextError

from lifecycle.reading import allowed


def begin() -> None:
    """Hold the sources of this process to what may be read from a form, if its run came from there."""
    allowed.limit(from_server())


def from_server() -> bool:
    """Whether this run is one of a deployment, or its process was started for a run that the server had."""
    try:
        run = get_run_context()
    except MissingContextError:
        return False
    deployment = run.flow_run.deployment_id if isinstance(run, FlowRunContext) and run.flow_run else None
    return deployment is not None or "PREFECT__FLOW_RUN_ID" in os.environ
