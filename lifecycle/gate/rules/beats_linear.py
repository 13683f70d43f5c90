"""Not worse than a plain model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class BeatsLinear(Rule):
    """The model is not shown to be behind the plain model that anybody would try first."""

    place = 50

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found = evidence.linear
        if found:
            reason = f"behind {use_case.kind.plain}: {evidence.metric} {found}" if found.high is not None and found.high < 0 else ""
            yield Check(f"gain over {use_case.kind.plain}", found.plain, "not below 0", reason)


rule = BeatsLinear()
