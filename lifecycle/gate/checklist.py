"""A verdict as a checklist: what each rule looked at, what it found, what it allows, and whether that passed, in words."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from lifecycle.gate.numbers import CheckResult, short

LIMITS = (", at least", ", at most")
"""How the name of a check says which side of the limit is allowed; without it, the limit is the least."""
HEAD = ("check", "found", "allowed", "passed")


class Line(NamedTuple):
    """A row of the checklist, each cell in words."""

    check: str
    found: str
    allowed: str
    passed: str


def lines(checks: Iterable[CheckResult]) -> list[Line]:
    """The checklist, in the order of the rules."""
    return [Line(_name(each), told(each.found), _allowed(each), _passed(each)) for each in checks]


def told(value: Any) -> str:
    """What was found, as a person reads it: a number, a difference with its interval, names, or several of these."""
    if isinstance(value, dict) and {"value", "low", "high"} <= set(value):
        around = "" if value["low"] is None or value["high"] is None else f" ({_signed(value['low'])} to {_signed(value['high'])})"
        more = {name: each for name, each in value.items() if name not in ("value", "low", "high")}
        return f"{_signed(value['value'])}{around}{f'; {told(more)}' if more else ''}"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')} {told(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(told, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else short(value)


def _name(each: CheckResult) -> str:
    return next((each.check.removesuffix(end) for end in LIMITS if each.check.endswith(end)), each.check)


def _allowed(each: CheckResult) -> str:
    if each.allowed is None:
        return ""
    word = next((end[2:] for end in LIMITS if each.check.endswith(end)), "at least")
    return f"{word} {short(each.allowed)}" if isinstance(each.allowed, int | float) else str(each.allowed)


def _passed(each: CheckResult) -> str:
    return "passed" if each.passed else "a person decides" if each.asks else "not passed"


def _signed(value: Any) -> str:
    return ("+" if isinstance(value, int | float) and value >= 0 else "") + short(value)
