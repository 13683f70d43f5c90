"""JSON that is one object around its table: the rows are a list of objects under one of its keys, as answers of servers have them."""

import json
import re
from collections.abc import Callable, Iterator
from json.decoder import JSONDecoder
from pathlib import Path
from typing import Any

from lifecycle.errors import DataError
from lifecycle.source import File

DEEPEST, MAX_NAMED = 6, 8  # keys one below the other that are looked into, lists that a message names
START, LARGEST = 1 << 16, 1 << 31
_object = re.compile(rb"\s*\{")
_space = re.compile(r"\s*")


def lines(path: Path, file: File, expects: frozenset[str], copy: Callable[[], Path]) -> Path:
    """The file itself, or where it is one object around a list of them, a copy of that list with one object a line, each as it is written.

    Args:
        path: a plain text file.
        file: `rows` names the key of the list, which is else the only one.
        expects: names, in lower case, that a row has: an object with one is a row.
        copy: gives a new path.

    Raises:
        DataError: there is no such list, or there are several; the message names those there are.
    """
    if not (file.rows or _may_be_one_object(path)):
        return path
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = _only_object(text)
    if whole is None:
        if file.rows:
            raise DataError(f"the file {file.path} is not one JSON object, and rows='{file.rows}' names a list in one; leave rows= out")
        return path
    found = _chosen(file, whole, expects)
    if not found:
        return path
    to = copy()
    with to.open("w", encoding="utf-8", newline="") as out:
        for each in _elements(text, found):
            out.write(each.replace("\r", " ").replace("\n", " ") + "\n")
    return to


def _may_be_one_object(path: Path) -> bool:
    """Whether a file can be one object, and no object a line; told by its beginning, for such files may be large."""
    with path.open("rb") as stream:
        first = b""
        while not first.strip() and (line := stream.readline(LARGEST)):
            first = line
        if not _object.match(first):
            return False
        return not stream.read(START).strip() or (_only_object(first.decode("utf-8", "replace")) is None and path.stat().st_size < LARGEST)


def _only_object(text: str) -> dict[str, Any] | None:
    """The object that a text is; `None`: it is something else, or more."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _chosen(file: File, whole: dict[str, Any], expects: frozenset[str]) -> list[str]:
    """The keys that lead to the table; none: the object is a row itself."""
    if file.rows:
        if any(_inside(whole, keys) == [] for keys in ([file.rows], file.rows.split("."))):
            raise DataError(f"the file {file.path} has no rows at rows='{file.rows}'; give one that has")
        keys = next((keys for keys in (_apart(file.rows, whole), file.rows.split(".")) if _is_table(_at(whole, keys))), None)
        if keys is None:
            raise DataError(f"the file {file.path} has no list of objects at rows='{file.rows}'; {_there(file, whole)}")
        return keys
    if any(str(key).lower() in expects for key in whole):
        return []
    tables = [keys for keys in _lists(whole, [])]
    if len(tables) == 1 and len(tables[0]) == 1:
        return tables[0]
    if tables and _looks_around(whole, tables):
        raise DataError(f"the file {file.path} is one JSON object with its rows inside; {_there(file, whole)}")
    return []


def _looks_around(whole: dict[str, Any], tables: list[list[str]]) -> bool:
    """Whether an object stands around its table and is no row: a list in it has several objects."""
    return any(len(_at(whole, keys)) > 1 for keys in tables)


def _there(file: File, whole: dict[str, Any]) -> str:
    named = [".".join(keys) for keys in _lists(whole, [])]
    if not named:
        return "there is none in it; give a list of objects, or one object a line"
    counted = ", ".join(f"{name} ({len(_at(whole, name.split('.')) or _at(whole, [name])):,})" for name in named[:MAX_NAMED])
    return f"the lists of objects inside are {counted}: say which is the table, as in File('{file.path}', rows='{named[0]}') or {file.path}?rows={named[0]}"


def _apart(path: str, whole: dict[str, Any]) -> list[str]:
    """A key that has a dot in it is one key."""
    return [path] if path in whole else path.split(".")


def _inside(whole: Any, keys: list[str]) -> Any:
    for key in keys:
        whole = whole.get(key) if isinstance(whole, dict) else None
    return whole


def _at(whole: Any, keys: list[str]) -> Any:
    found = _inside(whole, keys)
    return found if _is_table(found) else []


def _is_table(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(each, dict) for each in found)


def _lists(found: dict[str, Any], above: list[str]) -> Iterator[list[str]]:
    """The keys of every list of objects that is no part of another."""
    for key, value in found.items():
        if _is_table(value):
            yield [*above, key]
        elif isinstance(value, dict) and len(above) < DEEPEST:
            yield from _lists(value, [*above, key])


def _elements(text: str, keys: list[str]) -> Iterator[str]:
    """The objects of a list as they are written, so that no number loses a digit."""
    decoder = JSONDecoder()
    at = _skip(text, 0)
    for key in keys:
        at = _value_of(decoder, text, at, key)
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        yield text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _value_of(decoder: JSONDecoder, text: str, at: int, wanted: str) -> int:
    """Where the value of a key begins in the object that begins at a place; of a key that comes twice the last, as it is read."""
    at, found = _skip(text, at + 1), -1
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        begin = _skip(text, _skip(text, end) + 1)
        _, end = decoder.raw_decode(text, begin)
        found = begin if key == wanted else found
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    found = _space.match(text, at)
    return found.end() if found else at
