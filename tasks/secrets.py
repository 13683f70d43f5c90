"""Secrets that Prefect keeps: a `${NAME}` which neither the environment nor `.env` knows is looked up in its Secret block."""

from lifecycle.reading import credentials


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
