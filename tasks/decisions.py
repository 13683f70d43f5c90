"""A person's decisions about models as tasks: retried on outages, never cached.

What is decided and what is shown of it are tasks of their own: showing it again decides nothing again.
"""

from collections.abc import Callable

from prefect.runtime import flow_run

from lifecycle import decisions, registry
from lifecycle.errors import LifecycleError
from lifecycle.history import ledger, standing
from lifecycle.references import Verdict
from tasks import artifacts, events
from tasks.policies import retried


@retried
def decide(use_case: str, decision: str, version: int | None, reason: str, by: str) -> Verdict:
    """Approve, reject or promote a version."""
    ways: dict[str, Callable[..., Verdict]] = {
        "approve": decisions.approve,
        "reject": decisions.reject,
        "promote": decisions.promote_by_hand,
    }
    if decision == "promote" and version is None:
        version = _newest(use_case)
    return ways[decision](registry.find(use_case), version, by or _whoever(), reason)


@retried
def roll_back(use_case: str, version: int | None, reason: str, by: str) -> Verdict:
    """Return to a former champion."""
    return decisions.rollback(registry.find(use_case), version, by or _whoever(), reason)


@retried
def tell(verdict: Verdict, *, returned: bool = False) -> None:
    """Show a decision in the run, and tell whoever listens: of a champion, or of one that has `returned`."""
    artifacts.verdict(verdict)
    if returned:
        events.rolled_back(verdict)
    elif verdict.promoted:
        events.promoted(verdict)


def _newest(use_case: str) -> int:
    number = standing(ledger(use_case)).challenger
    if number is None:
        raise LifecycleError(f"use case '{use_case}': a version that was judged can be promoted, found none; run the deployment 'train' first")
    return number


def _whoever() -> str:
    """The server does not know its users: the run is what can be told."""
    return f"somebody, by the Prefect run '{flow_run.name}'"
