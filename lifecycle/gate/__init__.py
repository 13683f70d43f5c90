"""The gate: what a challenger must show, over numbers alone. What is not shown is said, with the numbers."""

from lifecycle.gate.decide import checks, confidence, decide, numbers, overfit, praise, questions, reasons
from lifecycle.gate.evidence import Comparison, Difference, GateEvidence
from lifecycle.gate.numbers import VerdictNumbers
from lifecycle.gate.rule import Check, Rule

__all__ = [
    "Check",
    "Comparison",
    "Difference",
    "GateEvidence",
    "Rule",
    "VerdictNumbers",
    "checks",
    "confidence",
    "decide",
    "numbers",
    "overfit",
    "praise",
    "questions",
    "reasons",
]
