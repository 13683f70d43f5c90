"""Python as the formatter leaves it: what fits on a line stays on one, what does not goes one a line.

What comes from data becomes code here and nowhere else: a value by `literal` or `block`, prose by `clean`, `comment` or
`docstring`; and each proves that Python reads what it was given.
"""

import ast
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from lifecycle.draft import transliteration
from lifecycle.errors import LifecycleError

WIDTH = 140
"""A little less than the formatter's own 150, so that what is put on one line stays there."""
PROSE = 118


def literal(value: Any) -> str:
    """A value as source code; text in double quotes, or in single ones where that saves escapes.

    Raises:
        LifecycleError: Python would not read the same value, such as an infinite number or a date.
    """
    return _proven(_written(value), value)


def block(value: str) -> str:
    """A text of several lines as a literal that has them as lines; raw, where its backslashes can stand as they are."""
    if not value.endswith(('"', "\\")) and '"""' not in value and _lines_escaped(value) == value:
        mark = "r" if "\\" in value else ""
        return _proven(f'{mark}"""{value}"""', value)
    quoted = re.sub(r'"{3,}|"+\Z', lambda found: '\\"' * len(found[0]), value.replace("\\", "\\\\"))
    return _proven(f'"""{_lines_escaped(quoted)}"""', value)


def call(name: str, arguments: Iterable[str], indent: int = 0, *, expand: bool = False) -> str:
    """A call, its arguments one a line where they do not fit on this one or `expand` says so."""
    given = list(arguments)
    flat = f"{name}({', '.join(given)})"
    if not expand and indent + len(flat) <= WIDTH and "\n" not in flat:
        return flat
    inner = " " * (indent + 4)
    return f"{name}(\n" + "".join(f"{inner}{argument},\n" for argument in given) + " " * indent + ")"


def packed(name: str, arguments: Iterable[str], indent: int = 0) -> str:
    """A call whose many arguments share lines, left so by the formatter."""
    given = list(arguments)
    flat = f"{name}({', '.join(given)})"
    if indent + len(flat) <= WIDTH:
        return flat
    if sum(len(each) + 2 for each in given) / len(given) > 40:
        return call(name, given, indent, expand=True)
    lines = textwrap.wrap(
        ", ".join(each.replace(" ", "\0") for each in given) + ",", WIDTH - indent - 4, break_long_words=False, break_on_hyphens=False
    )
    inner = "".join(f"{' ' * (indent + 4)}{line}\n" for line in lines).replace("\0", " ")
    return f"{name}(\n{inner}{' ' * indent})  # fmt: skip"


def made(value: Any, names: Mapping[str, str], indent: int = 0) -> str:
    """A dataclass as the call that makes it, without what is its default; `names` give values of fields that have a name of their own."""
    given = []
    for place, field in enumerate(fields(value)):
        own = getattr(value, field.name)
        default = field.default_factory() if callable(field.default_factory) else field.default
        if own == default and field.name not in names:
            continue
        text = names.get(field.name) or _nested(own, names, indent + 4)
        given.append(text if place == 0 else f"{field.name}={text}")
    return call(type(value).__name__, given, indent)


def prose(text: str, indent: int = 0, bullet: str = "") -> str:
    """Text for a comment or docstring, wrapped, with nothing in it that Python or a linter would stumble over."""
    return textwrap.fill(
        clean(text),
        PROSE,
        initial_indent=" " * indent + bullet,
        subsequent_indent=" " * (indent + len(bullet)),
        break_long_words=False,
        break_on_hyphens=False,
    )


def clean(text: str) -> str:
    """One line of printable text: no backslash, no quotes that would end a docstring, no letter that looks like another."""
    return transliteration.lookalike(" ".join(text.split())).replace("\\", "/").replace('"""', "'''")


def comment(text: str, indent: int = 0) -> list[str]:
    """Lines of comment."""
    return [f"{' ' * indent}# {line.strip()}" for line in prose(text, indent + 2).splitlines()]


def docstring(first: str, *more: str, indent: int = 0) -> str:
    """A docstring of one line, or with more paragraphs under it, each of them of `prose` and an empty one for a blank line."""
    first = clean(first)
    ends = "\n".join(["", *more, " " * indent]) if more else " " if first.endswith('"') else ""
    text = f'"""{first}{ends}"""'
    ast.literal_eval(text)
    return " " * indent + text


def _written(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple | list):
        inner = ", ".join(_written(each) for each in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(key)}: {_written(each)}" for key, each in value.items()) + "}"
    return repr(value)


def _proven(code: str, value: Any) -> str:
    """Source code of which it is certain that it is a literal of this value, and nothing else."""
    try:
        same = ast.literal_eval(code) == value
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise LifecycleError(f"the value {str(value)[:80]!r} cannot be written into a use case; leave it out of the source")
    return code


def _text(value: str) -> str:
    quote = "'" if value.count('"') > value.count("'") else '"'
    inside = transliteration.escaped("".join("\\" + sign if sign in ("\\", quote) else sign for sign in value))
    return quote + inside + quote


def _lines_escaped(text: str) -> str:
    return "\n".join(transliteration.escaped(line) for line in text.split("\n"))


def _nested(value: Any, names: Mapping[str, str], indent: int) -> str:
    if is_dataclass(value):
        return made(value, names, indent)
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        parts = [made(each, names, indent + 4) for each in value]
        flat = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        if "\n" not in flat and indent + len(flat) <= WIDTH:
            return flat
        return "(\n" + "".join(f"{' ' * (indent + 4)}{part},\n" for part in parts) + " " * indent + ")"
    return literal(value)
