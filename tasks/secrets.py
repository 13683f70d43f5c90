"""Secrets that Prefect keeps: a `${NAME}` which neither the environment nor `.env` knows is looked up in its Secret block."""

from prefect import get_client
from prefect.context import FlowRunContext, get_run_context

from lifecycle.errors import LifecycleError
from lifecycle.reading import credentials
from lifecycle.reading.written_out import masked, secret_in


def offer() -> None:
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
    """Refuse a source with a secret in it, and take that out of what the server keeps of the run.

    A form and a run by the API are refused before they are stored, by the schema of the parameter. A schedule, an automation, or who
    asks the server not to look at the schema comes as far as this.

    Raises:
        LifecycleError: it holds one.
    """
    if not secret_in(source):
        return
    run = get_run_context()
    if isinstance(run, FlowRunContext) and run.flow_run:
        kept = {name: masked(value) if isinstance(value, str) else value for name, value in run.flow_run.parameters.items()}
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.flow_run.id, parameters=kept)
    raise LifecycleError(f"{credentials.REFUSED}; where a schedule or an automation has it, take it out there too")
