"""The gate: what a challenger must show, over numbers alone. What is not shown is said, with the numbers."""

from lifecycle.gate.decide import checks, decide, numbers, overfit, praise, questions, reasons
from lifecycle.gate.evidence import Comparison, Difference, GateEvidence
from lifecycle.gate.looks import Look, PastLook
from lifecycle.gate.numbers import VerdictNumbers
from lifecycle.gate.rule import Check, Rule

__all__ = [
    "Check",
    "Comparison",
    "Difference",
    "GateEvidence",
    "Look",
    "PastLook",
    "Rule",
    "VerdictNumbers",
    "checks",
    "decide",
    "numbers",
    "overfit",
    "praise",
    "questions",
    "reasons",
]
