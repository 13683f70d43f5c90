"""A clustering that other rows would give too."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Stability(Rule):
    """Clusterings of resampled rows agree: the adjusted Rand index (Hubert and Arabie 1985)."""

    place = 60

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found, needed = evidence.holdout.get("stability"), use_case.gate.stability
        if found is not None:
            reason = f"unstable: clusterings of resampled rows agree by {found:.2f} (adjusted Rand index), at least {needed:.2f} is needed"
            yield Check("stability, at least", found, needed, reason if found < needed else "")


rule = Stability()
