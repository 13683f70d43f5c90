"""A person's word on a model version."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parameters import Decision, Name, Text, UseCaseName, Version
from flows.summary import done, of_decision, plainly
from tasks import decisions
from tasks.flow_runner import start


@flow(name="promote", flow_run_name="{decision} {use_case}")
@plainly
def promote(use_case: UseCaseName, by: Name, decision: Decision = "approve", version: Version = None, reason: Text = "") -> State[dict[str, Any]]:
    """Decide about a model version: approve or reject one that waits for a person, or promote any registered one.

    The decision, your name and your reason are written to the ledger. The evidence is in the run that trained the
    version, under Artifacts.

    Args:
        use_case: Whose model to decide about.
        by: Your name, for the ledger: a decision is somebody's.
        decision: Approve or reject a version that passed the gate and waits; promote makes any registered version the champion.
        version: Empty for the newest version that is waiting.
        reason: Why, for the ledger.
    """
    start(use_case)
    verdict = decisions.decide(use_case, decision, version, reason, by)
    decisions.tell(verdict)
    return done(of_decision(verdict), verdict.reason)
