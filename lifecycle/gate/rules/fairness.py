"""Groups of a sensitive column."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Fairness(Rule):
    """No shown difference in true-positive rate between groups is larger than allowed."""

    place = 100

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        most = use_case.gate.fairness
        for column, found in evidence.unfair.items():
            low = found.low
            if low is None:
                continue
            reason = ""
            if low > most and found.between:
                high_group, low_group = found.between
                reason = (
                    f"unfair by {column}: the true-positive rate of {high_group} is {found.value:.2f} above that of {low_group} "
                    f"(at least {low:.2f}), at most {most:.2f} may be"
                )
            yield Check(f"difference in true-positive rate by {column}, at most", low, most, reason)


rule = Fairness()
