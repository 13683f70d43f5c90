"""Better than saying the last label again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class BeatsLastLabel(Rule):
    """Where rows have an order: the gain over the last known label is shown, its interval lies above zero."""

    place = 45

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found, last = evidence.last, use_case.kind.last_of(evidence.season)
        if found is None:
            return
        shown = found.low is not None and found.low > 0
        reason = f"not shown to beat {last}: {evidence.metric} {found}"
        yield Check(f"gain over {last}", found.plain, "above 0", "" if shown else reason)


rule = BeatsLastLabel()
