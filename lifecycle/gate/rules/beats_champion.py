"""Better than the champion."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.decide import seen
from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class BeatsChampion(Rule):
    """The gain over the champion, on the newest rows that neither has seen, is shown to be more than `Gate(min_gain=...)`."""

    place = 70

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        if comparison is None or (comparison.rows < use_case.gate.rows and not comparison.refitted):
            return
        found, least, reason = comparison.difference, use_case.gate.min_gain, ""
        against = f"not shown to be better than version {comparison.champion}{f' by more than {least:g}' if least else ''}"
        if comparison.obstacle:
            reason = f"{against}: {comparison.obstacle}"
        elif found is None or found.low is None:
            reason = f"{against}: {use_case.metric} has no interval on {comparison.rows:,} rows"
        elif found.low <= least:
            reason = f"{against}: {use_case.metric} {found} on {comparison.rows:,} rows, {comparison.look}{seen(use_case, comparison)}"
        yield Check(f"gain over version {comparison.champion}", found.plain if found else None, f"above {least:g}", reason)


rule = BeatsChampion()
