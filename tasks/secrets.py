"""Secrets that Prefect keeps: a `${NAME}` which neither the environment nor `.env` knows is looked up in its Secret block."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import get_client
from prefect.context import FlowRunContext, get_run_context

from lifecycle.errors import LifecycleError
from lifecycle.reading import credentials
from lifecycle.reading.secrets_in_text import masked, secret_in

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


def register_resolver() -> None:
    """Let addresses be resolved with Prefect's Secret blocks, from now on."""
    if block not in credentials.resolvers:
        credentials.resolvers.append(block)


def block(name: str) -> str | None:
    """The value of the Secret block of a name: blocks are written in lower case, with dashes. `None`: there is none."""
    from prefect.blocks.system import Secret

    try:
        held = Secret.load(name.lower().replace("_", "-"), _sync=True)  # pyright: ignore[reportCallIssue]
    except ValueError:
        return None
    return str(held.get())


def keep_out(source: str) -> None:
    """Refuse a source with a secret in it, and take that out of what the server keeps of the run and of the deployment's schedules.

    A form and a run by the API are refused before they are stored, by the schema of the parameter. A schedule, an automation, or who
    asks the server not to look at the schema comes as far as this.

    Raises:
        LifecycleError: it holds one.
    """
    if not secret_in(source):
        return
    run = get_run_context()
    if isinstance(run, FlowRunContext) and run.flow_run:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.flow_run.id, parameters=_without(run.flow_run.parameters))
            if run.flow_run.deployment_id:
                _clear_schedules(client, run.flow_run.deployment_id)
    raise LifecycleError(f"{credentials.REFUSED}; a schedule that had it is stopped, and where an automation has it, take it out there too")


def _clear_schedules(client: "SyncPrefectClient", deployment: UUID) -> None:
    """Stop every schedule that has a secret among its parameters, and mask it there; runs that it had planned go with it."""
    for schedule in client.read_deployment_schedules(deployment):
        clear = _without(schedule.parameters)
        if clear != schedule.parameters:
            client.update_deployment_schedule(deployment, schedule.id, active=False, parameters=clear)


def _without(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: masked(value) if isinstance(value, str) and secret_in(value) else value for name, value in parameters.items()}
