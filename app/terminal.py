"""What a terminal is shown, whatever its alphabet: names and cells as they are read, never as commands to it or as markup; nothing is lost."""

import logging
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys in place of showing it: escape sequences, and signs that turn the direction of what follows."""


def shown(text: str) -> str:
    """A text with a visible sign in the place of each that a terminal would obey; its lines and tabs stay."""
    return UNSEEN.sub(lambda found: _sign(ord(found[0])), text)


def console(**options: Any) -> "Console":
    """A console that takes `[red]` and `:smile:` in a name for what they are."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, **options)


@dataclass(frozen=True)
class Safe:
    """A view whose texts are shown, whatever is in them; its own styles stay."""

    view: "RenderableType"

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw it."""
        from rich.segment import Segment

        for text, style, control in console.render(self.view, options):
            yield Segment(text if control else shown(text), style, control)


def _sign(number: int) -> str:
    """Unicode has pictures of the control characters of ASCII."""
    return chr(0x2400 + number) if number < 0x20 else "\u2421" if number == 0x7F else "\ufffd"


def in_utf8() -> None:
    """Start this program again where Python took the machine's alphabet for ASCII or another small one: files and paths are UTF-8.

    What is printed is in the terminal's alphabet all the same; a letter that it lacks is shown as an escape.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        told = {"PYTHONUTF8": "1", "PYTHONIOENCODING": f"{sys.stdout.encoding if sys.stdout else 'utf-8'}:backslashreplace"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **told})
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def tell_waits() -> None:
    """Say on stderr what this program waits for: who holds a lock that it needs."""
    log = logging.getLogger("lifecycle.locks")
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("lifecycle: %(message)s"))
        log.addHandler(handler)
        log.propagate = False
