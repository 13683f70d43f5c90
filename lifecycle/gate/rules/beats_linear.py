"""Not behind a plain model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class BeatsLinear(Rule):
    """The model is not behind the plain model that anybody would try first.

    A model that is only equal to it is behind in half of all cases, by chance. Where a plainer family can take its place that costs nothing, so
    there the value decides; the plainest family of the definition, which nothing can take the place of, must be *shown* to be behind.
    """

    place = 50

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found, plain = evidence.linear, use_case.kind.plain
        if found is None:
            return
        end = (found.high if found.high is not None else 0.0) if evidence.plainest else found.value
        reason = f"behind {plain}: {evidence.metric} {found}" if end < 0 else ""
        yield Check(f"gain over {plain}", found.plain, "not shown to be below 0" if evidence.plainest else "not below 0", reason, plainer=True)


rule = BeatsLinear()
