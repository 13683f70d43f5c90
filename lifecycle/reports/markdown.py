"""Small pieces of Markdown."""

import re
from collections.abc import Iterable
from typing import Any, Protocol

MARKS = re.compile(r"[\\`*\[\]<>&~]|(?<!\w)_|_(?!\w)")
"""What would be markup, or a tag, in a name or a value of the data."""


class Bounded(Protocol):
    """What has an interval."""

    @property
    def low(self) -> float | None:
        """The lower limit."""

    @property
    def high(self) -> float | None:
        """The upper limit."""


def plain(text: Any) -> str:
    """A name or a value of the data as Markdown that shows it, on one line, whatever is in it."""
    return MARKS.sub(lambda found: "\\" + found[0], _line(text))


def code(text: Any) -> str:
    """A name or a value of the data as code, which ends where it ends."""
    line = _line(text)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{fence}{space}{line}{space}{fence}"


def _line(text: Any) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; what would end a cell is escaped."""
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows])


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def number(value: Any) -> str:
    """A number with about four digits; nothing for a missing one."""
    if value is None:
        return ""
    if isinstance(value, float):
        value += 0.0  # no negative zero
        return f"{value:.4f}" if 0.001 <= abs(value) < 10 or value == 0 else f"{value:.4g}" if abs(value) >= 10 else f"{value:.1g}"
    return str(value)


def signed(value: float) -> str:
    """With its sign, also a positive one."""
    return ("+" if value >= 0 else "") + number(value)


def share(value: float | None) -> str:
    """In per cent."""
    return "" if value is None else f"{value:.0%}"


def interval(found: Bounded, before: str = " ") -> str:
    """The limits `low` and `high` in brackets, if there are some."""
    return "" if found.low is None or found.high is None else f"{before}[{number(found.low)}, {number(found.high)}]"


def span(moments: Iterable[str]) -> str:
    """From one moment to another, to the minute."""
    return " to ".join(moment[:16] for moment in moments)


def count(many: int, noun: str) -> str:
    """So many of something."""
    return f"{many:,} {noun}" + ("" if many == 1 else "s")
