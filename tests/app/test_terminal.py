"""A terminal shows what is in names and cells, and obeys none of it."""

import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Group
from rich.table import Table
from rich.text import Text

from app.answer import to_json, to_text
from app.listing import heads
from app.terminal import Safe, console, shown

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\x7f\r[red]x[/red] [link=http://x]y[/link] :smile:"


def drawn(view: object) -> str:
    """A view as a terminal with colours gets it."""
    out = io.StringIO()
    console(file=out, force_terminal=True, color_system="truecolor", width=160).print(Safe(view))  # pyright: ignore[reportArgumentType]
    return out.getvalue()


def test_escape_sequences_and_markup_of_a_cell_are_shown() -> None:
    table = heads("name", HOSTILE)
    table.add_row(HOSTILE, Text(HOSTILE, style="red"))
    for view in (table, Group("", Text(HOSTILE)), HOSTILE):
        for text in (drawn(view), to_text(view)):
            bare = text.replace("\x1b[31m", "").replace("\x1b[2m", "").replace("\x1b[0m", "").replace("\n", "")
            assert bare.isprintable(), bare
            assert "[red]x[/red]" in text
            assert ":smile:" in text
            assert "␛]0;owned" in text


def test_our_own_styles_stay() -> None:
    assert "\x1b[1;32m" in drawn(Text("promoted", style="bold green"))


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_what_is_shown_has_nothing_to_obey_and_json_says_the_same(text: str) -> None:
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in shown(text) if sign not in "\n\t")
    line = to_json({"a": text, text: 1})
    assert json.loads(line) == {"a": text, text: 1} if text != "a" else True
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in line)
    table = Table(box=None)
    table.add_column(text)
    table.add_row(text)
    assert "\x1b" not in to_text(table)
