"""A value in a complaint: enough of it to find it, whatever a client or a file made of it."""

from typing import Any

MAX_CHARACTERS_SHOWN = 200
"""Characters of a text that a complaint shows."""


def shown(value: Any) -> Any:
    """A value as a complaint and its JSON show it: numbers as they are, a long text cut short, of a list or an object what it is.

    Lists and objects can be nested deeper than JSON may be written again, and deeper than Python prints them.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_CHARACTERS_SHOWN else text[:MAX_CHARACTERS_SHOWN] + "..."
