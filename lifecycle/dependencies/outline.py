"""The outline of a module: each definition at its top, as a hash of its code, with the names that the code uses.

It is made from the text alone, so that a module need not be loaded to be known, and kept on the disk: reading a thousand functions anew
for every run would cost more than a run in which nothing has changed.
"""

import ast
import hashlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lifecycle.dependencies import modules
from lifecycle.errors import LifecycleError

FORM = f"1 {sys.version_info[:2]}"
"""Of the file in which outlines are kept; another form is made anew."""
WHOLE = "*"
REACHES = "REACHES"
"""A module's constant that names modules and packages whose code it comes by unnamed: out of a folder or a pickle."""
Import = tuple[str, str, str, int]
"""The name that an import binds, its module, the name in it (empty: the module itself), its level of dots."""

_kept: dict[str, list[Any]] = {}
_guard = threading.Lock()
_state = {"read": False, "new": False}


@dataclass
class Definition:
    """A function, a class, a constant: all statements at the top of a module that give one name its value."""

    code: str = ""
    names: list[str] = field(default_factory=list)
    """What it uses, as it is written: `windows.lookback`, `Rows`."""
    imports: list[Import] = field(default_factory=list)
    """What it imports itself."""


@dataclass
class Outline:
    """A module: its definitions (methods as `Class.method` too, all of it as `*`), its imports, and what its `REACHES` names."""

    definitions: dict[str, Definition]
    imports: list[Import]
    reaches: list[str]


@lru_cache(maxsize=4096)
def outline(module: str) -> Outline:
    """The outline of a module of ours or of the user's; an empty one for any other."""
    text = modules.text(module)
    if not text:
        return Outline({}, [], [])
    sha = hashlib.sha256(text.encode()).hexdigest()
    with _guard:
        _read()
        known = _kept.get(module)
    if known and known[0] == sha:
        definitions = {name: Definition(code, names, [tuple(one) for one in imports]) for name, (code, names, imports) in known[1].items()}
        return Outline(definitions, [tuple(one) for one in known[2]], known[3])
    made = of_text(text)
    packed = {name: [one.code, one.names, one.imports] for name, one in made.definitions.items()}
    with _guard:
        _kept[module] = [sha, packed, made.imports, made.reaches]
        _state["new"] = True
    return made


def keep() -> None:
    """Write what is new to the disk. Outlines are found again by the hash of their text: a lost file costs time, nothing else."""
    with _guard:
        if not _state["new"]:
            return
        _state["new"] = False
        place = _place()
        packed = json.dumps([FORM, _kept])
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}")
        part.write_text(packed)
        part.replace(place)
    except OSError:
        return  # a full or read-only disk is for those to say who must write


def of_text(text: str) -> Outline:
    """The outline of a source."""
    tree = ast.parse(text)
    found: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        for name in _defined(node):
            found.setdefault(name, []).append(node)
    definitions = {name: _definition(nodes) for name, nodes in found.items()}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            definitions |= {f"{node.name}.{each.name}": _definition([each]) for each in methods}
    definitions[WHOLE] = _definition(tree.body)
    reaches = [part.value for node in found.get(REACHES, []) for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return Outline(definitions, [one for node in tree.body for one in _imports(node)], [str(one) for one in reaches])


def _definition(nodes: list[ast.stmt]) -> Definition:
    reader = _Reader()
    for node in nodes:
        reader.read(node)
    return Definition(hashlib.sha256("\0".join(reader.code).encode()).hexdigest()[:32], sorted(reader.names), sorted(reader.imports))


class _Reader:
    """Goes through a tree once: what the code is, without places, comments and docstrings, and the names in it."""

    def __init__(self) -> None:
        self.code: list[str] = []
        self.names: set[str] = set()
        self.imports: set[Import] = set()

    def read(self, node: ast.AST, annotation: bool = False) -> None:
        self.code.append(type(node).__name__)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.imports.update(_imports(node))
        elif isinstance(node, ast.Name):
            self.names.add(node.id)
        elif isinstance(node, ast.Attribute):
            self._chain(node)
            return
        elif isinstance(node, ast.Constant) and annotation and isinstance(node.value, str):
            self._annotated(node.value)
        for name in node._fields:
            value = getattr(node, name, None)
            if name == "body" and isinstance(value, list) and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                value = _undocumented(value)
            self._read(value, annotation or name in ("annotation", "returns"))

    def _read(self, value: Any, annotation: bool) -> None:
        if isinstance(value, ast.AST):
            self.read(value, annotation)
        elif isinstance(value, list):
            self.code.append(f"[{len(value)}")
            for one in value:
                self._read(one, annotation)
        else:
            self.code.append(repr(value))

    def _chain(self, node: ast.Attribute) -> None:
        """`windows.lookback` is one name: that of the module alone would mean all that is in it."""
        parts, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        self.code += [*parts, type(node.ctx).__name__]
        if isinstance(inner, ast.Name):
            self.code.append(inner.id)
            self.names.add(".".join([inner.id, *reversed(parts)]))
        else:
            self.read(inner)

    def _annotated(self, text: str) -> None:
        """A class that stands in a string only is used all the same."""
        try:
            tree = ast.parse(text, mode="eval")
        except SyntaxError:
            return
        reader = _Reader()
        reader.read(tree.body, annotation=True)
        self.names |= reader.names


def _undocumented(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    return body[1:] if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str) else body


def _defined(node: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a value, or changes: `KINDS["a"] = ...` and `KINDS.update(...)` define KINDS too."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            yield part.id
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield part.name
        elif (isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store | ast.Del)) or (
            isinstance(node, ast.Expr) and isinstance(part, ast.Attribute)
        ):
            root: ast.AST = part
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name):
                yield root.id


def _imports(node: ast.AST) -> Iterator[Import]:
    """What a statement imports, also inside of `if TYPE_CHECKING`; what a function imports is the function's."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                yield (alias.asname, alias.name, "", 0) if alias.asname else (alias.name.split(".")[0], alias.name.split(".")[0], "", 0)
                if not alias.asname and "." in alias.name:
                    yield (alias.name, alias.name, "", 0)
        elif isinstance(part, ast.ImportFrom):
            for alias in part.names:
                yield (alias.asname or alias.name, part.module or "", alias.name, part.level)


def _read() -> None:
    if _state["read"]:
        return
    _state["read"] = True
    try:
        form, known = json.loads(_place().read_text())
        if form == FORM:
            _kept.update(known)
    except (OSError, ValueError, LifecycleError):
        return  # none yet, or of another form


def _place() -> Any:
    from lifecycle.settings import settings

    return settings().home / "cache" / "outlines.json"
