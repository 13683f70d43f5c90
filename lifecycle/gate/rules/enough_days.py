"""Enough days to judge on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase

REACH = 5
"""A table that reaches over fewer times as many days cannot have as many in its newest fifth: it is judged on those that it has."""


class EnoughDays(Rule):
    """The rows are from `Gate(days=...)` days at least, or from all the days that the table reaches over.

    What a day has in common is in every row of it, and two days cannot say how far days differ.
    """

    place = 24

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        found = comparison.days if comparison else evidence.days
        needed = use_case.gate.days
        if found is None or (evidence.all_days is not None and evidence.all_days < REACH * needed):
            return
        many = f"{found} day" if found == 1 else f"{found} days"
        yield Check("days to judge on", found, needed, f"not enough evidence: {many}, {needed} needed" if found < needed else "")


rule = EnoughDays()
