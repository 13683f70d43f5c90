"""The worst slice."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class Slices(Rule):
    """The worst slice keeps enough of the gain over the constant."""

    place = 90

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        worst, least = evidence.slice, use_case.gate.slices
        best = worst.kept_at_best if worst else None
        if worst and best is not None:
            where = f"{worst.column} = {worst.slice}"
            reason = (
                f"weak on {where}: it keeps {worst.kept:.0%} (at best {best:.0%}) of the gain over a blind guess, at least {least:.0%} must be kept"
            )
            yield Check(f"gain kept on {where}, at least", best, least, reason if best < least else "")


rule = Slices()
