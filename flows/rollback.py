"""Back to a former champion."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parameters import Text, UseCaseName, Version
from flows.summary import done, of_decision, plainly
from tasks import decisions
from tasks.flow_runner import start


@flow(name="rollback", flow_run_name="rollback {use_case}")
@plainly
def rollback(use_case: UseCaseName, version: Version = None, reason: Text = "", by: Text = "") -> State[dict[str, Any]]:
    """Return to a former champion. The versions after it are never promoted by the gate again.

    Args:
        use_case: Whose champion to replace.
        version: Empty for the champion before this one. Else one that was champion before.
        reason: Why, for the ledger.
        by: Your name, for the ledger.
    """
    start(use_case)
    verdict = decisions.roll_back(use_case, version, reason, by)
    decisions.tell(verdict, returned=True)
    return done(of_decision(verdict), f"version {verdict.version} is champion again: {verdict.reason}")
