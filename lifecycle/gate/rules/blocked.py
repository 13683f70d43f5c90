"""A version that a person has turned down."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Blocked(Rule):
    """What was rolled back or rejected is never promoted by itself again."""

    place = 10

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        if evidence.blocked:
            yield Check("turned down before", evidence.blocked, None, f"never promoted automatically again: {evidence.blocked}")


rule = Blocked()
