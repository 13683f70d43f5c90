"""Too good to be true."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class TooGood(Rule):
    """A nearly perfect score on hundreds of rows is rarely honest: a person looks at the columns that make it so."""

    place = 110

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found = evidence.too_good
        if found is None or use_case.gate.too_good == "allow":
            return
        asks = (
            f"too good to be true: {evidence.metric} {found.value:.5g} on {found.rows:,} rows; {found}. Approve it if that is known when a prediction"
            ' is needed (Gate(too_good="allow") says so for good), else take it out of features()'
        )
        yield Check("too good to be true", {"value": found.value, "columns": [list(each.columns) for each in found.columns]}, None, asks=asks)


rule = TooGood()
