"""A verdict as a table: a row a rule."""

from collections.abc import Sequence

from lifecycle.gate.checklist import HEAD, lines
from lifecycle.gate.numbers import CheckResult
from lifecycle.pages.frame import table
from lifecycle.pages.html import Html, tag

MARKS = {"passed": ("good", "✓"), "not passed": ("bad", "✕"), "a person decides": ("warn", "?")}


def checklist(checks: Sequence[CheckResult]) -> Html:
    """What each rule looked at, what it found, what it allows, whether that passed: a sign, a word and a colour."""
    rows = []
    for check, found, allowed, passed in lines(checks):
        class_, sign = MARKS[passed]
        rows.append([check, found, allowed, tag("span", f"{sign} {passed}", class_=class_)])
    return table(list(HEAD), rows, "cards")
