"""Behaves as the definition expects."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Behaves(Rule):
    """Each behaviour of the definition is shown by as many rows as it asks for; one that only warns keeps no model back."""

    place = 35

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        for each in evidence.behaviours:
            blocks = not each.passed and each.severity == "block"
            allowed = each.least if each.severity == "block" else f"{each.least:g}, else a warning"
            yield Check(f"{each.behaviour}, at least", each.share, allowed, f"behaves wrongly: {each}" if blocks else "")


rule = Behaves()
