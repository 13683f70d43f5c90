"""The fit that is deployed agrees with the judged one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class DeployedFit(Rule):
    """Fitted on all labelled rows, the recipe is not shown to do worse on some of these than its judged fit, which has not seen them."""

    place = 55

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found = evidence.deployed
        if found:
            reason = (
                f"the fit on all rows disagrees with the judged one beyond what more rows explain: {evidence.metric} {found} on rows that it has seen"
            )
            yield Check(
                "gain of the deployed fit over the judged one",
                found.plain,
                "not below 0",
                reason if found.high is not None and found.high < 0 else "",
            )


rule = DeployedFit()
