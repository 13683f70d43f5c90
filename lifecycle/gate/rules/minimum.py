"""The least, or most, that a definition asks of each metric."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Minimum(Rule):
    """Each metric of `Gate(minimum={...})` reaches its limit."""

    place = 30

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        for metric, limit in use_case.gate.minimum.items():
            found = evidence.holdout.get(metric)
            word = "least" if use_case.kind.greater_is_better(metric) else "most"
            reason = ""
            if found is None:
                reason = f"{metric} must be at {word} {limit:.4g}, and is undefined on these rows"
            elif use_case.kind.gain(metric, found, limit) < 0:
                reason = f"{metric} must be at {word} {limit:.4g}, found {found:.4g}"
            yield Check(f"{metric}, at {word}", found, limit, reason)


rule = Minimum()
