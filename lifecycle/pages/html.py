"""HTML and SVG, made by one function that escapes. Nothing that comes from data, a form or a registry gets into a page but through it."""

import html
from typing import Any
from urllib.parse import quote


class Html(str):
    """A piece of a page that is markup already."""

    __slots__ = ()


VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "col"})


def tag(name: str, /, *inside: Any, **given: Any) -> Html:
    """An element of HTML or SVG.

    Args:
        name: of the element; ours, never of data.
        inside: texts, which are escaped, `Html`, which is not, and lists of these; `None` is left out.
        given: attributes by their names, `_` for `-` and at the end left out (`class_`, `aria_label`, `stroke_width`); `None` and `False` are left
            out, `True` is an attribute without a value. Values are escaped.
    """
    attributes = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in given.items())
    return Html(f"<{name}{attributes}>" if name in VOID else f"<{name}{attributes}>{joined(*inside)}</{name}>")


def joined(*inside: Any) -> Html:
    """Pieces one after the other, texts among them escaped."""
    return Html("".join(_piece(each) for each in inside))


def address(*parts: Any, up: int = 0) -> str:
    """A relative address from parts that may hold anything, `up` levels up first."""
    return "../" * up + "/".join(quote(str(part), safe="") for part in parts)


def shown(text: Any) -> str:
    """A text as it may be seen: what would turn the direction of writing, or is no sign at all, becomes a mark."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in str(text))


def _piece(each: Any) -> str:
    if each is None or each is False:
        return ""
    if isinstance(each, Html):
        return each
    if isinstance(each, list | tuple):
        return joined(*each)
    return html.escape(shown(each))


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    return f' {name}="{html.escape(f"{value:g}" if isinstance(value, float) else shown(value))}"'
