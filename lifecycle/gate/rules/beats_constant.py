"""Better than knowing nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class BeatsConstant(Rule):
    """The gain over the baseline that knows nothing is shown: its interval lies above zero."""

    place = 40

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        nothing, found = use_case.knows_nothing, evidence.constant
        reason = ""
        if found is None or found.low is None:
            reason = f"not shown to beat {nothing}: {evidence.metric} has no interval on these rows"
        elif found.low <= 0:
            reason = f"not shown to beat {nothing}: {evidence.metric} {found}"
        yield Check(f"gain over {nothing}", found.plain if found else None, "above 0", reason)


rule = BeatsConstant()
