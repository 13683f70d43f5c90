"""What is lost from training to new rows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Overfitting(Rule):
    """Most of what is gained over the constant in training is kept on new rows."""

    place = 80

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found, most = evidence.overfit, use_case.gate.overfit
        if found is not None:
            reason = f"overfits: {found:.0%} of the gain in training is lost on new rows, at most {most:.0%} may be"
            yield Check("gain lost on new rows, at most", found, most, reason if found > most else "")


rule = Overfitting()
