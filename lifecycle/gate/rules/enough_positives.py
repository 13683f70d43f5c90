"""Enough rows of each class to judge on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class EnoughPositives(Rule):
    """Of many rows with few positives little can be told: `Gate(positives=...)` of the class that is short are needed."""

    place = 22

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        needed, found = use_case.gate.positives, comparison.minority if comparison else evidence.minority
        if found is None:
            return
        reason = f"not enough evidence: {found:,} rows of {use_case.kind.short}, {needed:,} needed" if found < needed else ""
        yield Check(f"rows of {use_case.kind.short}", found, needed, reason)


rule = EnoughPositives()
