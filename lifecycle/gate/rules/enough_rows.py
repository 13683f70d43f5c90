"""Enough rows to judge on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


class EnoughRows(Rule):
    """With too few rows nothing is decided; a cross-validation of small data is judged by its interval."""

    place = 20

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        needed, rows = use_case.gate.rows, comparison.rows if comparison else evidence.rows
        reason, validated = "", comparison.refitted if comparison else evidence.cross_validated
        if rows < needed and not validated:
            unseen = f" that neither it nor version {comparison.champion} has seen" if comparison else ""
            reason = f"not enough evidence: {rows:,} rows{unseen}, {needed:,} needed"
        yield Check("rows to judge on", rows, "any number, by cross-validation" if validated else needed, reason)


rule = EnoughRows()
