"""What is lost from training to new rows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Overfitting(Rule):
    """Most of what is gained over the constant in training is kept on new rows, or what is left is shown to beat the plain baselines.

    Memory of the training rows does no harm by itself: what counts is what is left on new ones.
    """

    place = 80

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found, most = evidence.overfit, use_case.gate.overfit
        if found is None:
            return
        plain = [each for each in (evidence.constant, evidence.linear) if each]
        harmless = len(plain) == 2 and all(each.low is not None and each.low > 0 for each in plain)
        reason = (
            f"overfits: {found:.0%} of the gain in training is lost on new rows, at most {most:.0%} may be unless the rest is shown to beat"
            f" {use_case.kind.plain}"
        )
        yield Check("gain lost on new rows, at most", found, most, "" if found <= most or harmless else reason, plainer=True)


rule = Overfitting()
