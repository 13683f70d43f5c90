"""What a command gives back: one object for programs, one view for people, an exit code."""

import datetime as dt
import io
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.terminal import UNSEEN, Safe, console

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 200
"""Columns of text for a reader whose width is not known."""


@dataclass(frozen=True)
class Answer:
    """The answer of a command."""

    data: dict[str, Any]
    """What `--json` prints."""
    view: "RenderableType" = ""
    """What is printed otherwise."""
    code: int = 0
    plain: str | None = None
    """What is printed in place of the view where stdout is no terminal."""
    notes: tuple[str, ...] = field(default=())
    """Lines for stderr."""
    beside: tuple[str, ...] = ()
    """Lines for stderr where `plain` is printed."""


def to_json(data: Mapping[str, Any]) -> str:
    """One line of JSON. What JSON lacks becomes text, a number that is none becomes null, and what a terminal would obey is escaped."""
    out = sys.__stdout__
    escaped = out is not None and out.encoding.lower().replace("-", "") != "utf8"  # JSON has its own way to write a letter that stdout lacks
    line = json.dumps(_clean(data), default=str, ensure_ascii=escaped, allow_nan=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def to_text(view: "RenderableType") -> str:
    """A view without colours, for files and pipes."""
    to = console(file=io.StringIO(), width=WIDTH, color_system=None)
    with to.capture() as captured:
        to.print(Safe(view))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Path | bytes):
        return str(value)
    try:
        number = float(value)  # numpy's numbers and decimals too
    except (TypeError, ValueError):
        return value
    return number if math.isfinite(number) else None
