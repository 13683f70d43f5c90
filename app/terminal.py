"""What a terminal is shown: names and cells as they are read, never as commands to the terminal or as markup."""

import re
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
