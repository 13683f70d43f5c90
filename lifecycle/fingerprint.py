"""Fingerprints of definitions: a hash of a value and of the source of everything of ours that it reaches.

A function reaches the functions, classes and constants that its source names, in its own module and in the modules
of this repository (and of the user's folders) that it imports; installed packages are covered by the lock file.
"""

import ast
import builtins
import dataclasses
import hashlib
import re
import site
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OURS = frozenset({"app", "flows", "lifecycle", "schemas", "tasks", "usecases"})
INSTALLED = tuple(
    str(Path(folder).resolve())
    for folder in {*site.getsitepackages(), site.getusersitepackages(), *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))}
)


def of(*values: Any) -> str:
    """A hash over values: definitions, functions, classes, plain data."""
    total = hashlib.sha256()
    for line in _lines(values, set()):
        total.update(line.encode())
        total.update(b"\0")
    return total.hexdigest()


def reached(function: Callable[..., Any] | type) -> list[str]:
    """The names of all definitions that a function or class reaches, itself first, as `module:name`."""
    return list(_reach(function.__module__, function.__qualname__.split(".")[0]))


@cache
def lock() -> str:
    """A hash of the lock file: of every installed version. Without one, of the versions found."""
    file = Path(__file__).parents[1] / "requirements.lock"
    if file.exists():
        return hashlib.sha256(file.read_bytes()).hexdigest()
    from importlib.metadata import distributions

    found = sorted(f"{each.metadata['Name']}=={each.version}" for each in distributions())
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


def _lines(value: Any, seen: set[int]) -> Iterator[str]:
    """A value as lines of text that differ where the value does."""
    if isinstance(value, partial):
        yield "partial"
        yield from _lines((value.func, value.args, value.keywords), seen)
    elif isinstance(value, types.FunctionType | type):
        yield from _source_lines(value, seen)
    elif dataclasses.is_dataclass(value):
        yield f"{type(value).__module__}.{type(value).__qualname__}"
        for field in dataclasses.fields(value):
            yield field.name
            yield from _lines(getattr(value, field.name), seen)
    elif isinstance(value, Mapping):
        for key in value:
            yield from _lines((key, value[key]), seen)
    elif isinstance(value, list | tuple):
        yield f"{type(value).__name__} {len(value)}"
        for item in value:
            yield from _lines(item, seen)
    elif isinstance(value, set | frozenset):
        yield from sorted(map(repr, value))
    else:
        yield re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _source_lines(value: Any, seen: set[int]) -> Iterator[str]:
    """A function or class by the sources it reaches; closures by the values they hold too."""
    yield f"{value.__module__}:{value.__qualname__}"
    if id(value) in seen:
        return
    seen.add(id(value))
    if not _source(value.__module__):
        return
    for name in _reach(value.__module__, value.__qualname__.split(".")[0]):
        yield name
        yield _text(*name.split(":", 1))
    for cell in getattr(value, "__closure__", None) or ():
        yield from _lines(cell.cell_contents, seen)
    for default in getattr(value, "__defaults__", None) or ():
        yield from _lines(default, seen)


@lru_cache(maxsize=4096)
def _reach(module: str, name: str) -> tuple[str, ...]:
    """Every definition that one reaches, in a fixed order."""
    found: dict[str, None] = {}
    waiting = [(module, name)]
    while waiting:
        where, what = waiting.pop()
        label = f"{where}:{what}"
        if label in found or not _text(where, what):
            continue
        found[label] = None
        waiting.extend(_named_by(where, what))
    return tuple(found)


@lru_cache(maxsize=4096)
def _text(module: str, name: str) -> str:
    """The source of all top-level statements of a module that define a name; of the whole module for `*`."""
    lines = _source(module)
    if name == "*":
        return "\n".join(lines)
    return "\n".join("\n".join(lines[first - 1 : last]) for first, last, _ in _definitions(module).get(name, []))


def _named_by(module: str, name: str) -> Iterable[tuple[str, str]]:
    """The definitions of ours that the source of one names, in its module or through its imports."""
    definitions = _definitions(module)
    nodes = [node for _, _, node in definitions.get(name, [])] if name != "*" else [ast.parse("\n".join(_source(module)))]
    local = _imports_below(nodes, module)
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                yield from _attribute(module, local, part.value.id, part.attr)
            elif isinstance(part, ast.Name) and not hasattr(builtins, part.id):
                yield from _plain(module, local, part.id)


def _attribute(module: str, local: dict[str, tuple[str, str]], name: str, attribute: str) -> Iterator[tuple[str, str]]:
    """`windows.lookback`: the definition in the module of ours that the name stands for."""
    target = local.get(name) or _imports(module).get(name)
    if target and target[1] == "":
        yield (target[0], attribute if attribute in _definitions(target[0]) else "*")


def _plain(module: str, local: dict[str, tuple[str, str]], name: str) -> Iterator[tuple[str, str]]:
    if name in _definitions(module):
        yield (module, name)
    target = local.get(name) or _imports(module).get(name)
    if target and target[1]:
        yield target


@lru_cache(maxsize=1024)
def _definitions(module: str) -> dict[str, list[tuple[int, int, ast.stmt]]]:
    """Top-level names of a module: the statements that define them, with their lines (decorators included)."""
    found: dict[str, list[tuple[int, int, ast.stmt]]] = {}
    for node in ast.parse("\n".join(_source(module))).body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        for name in _defined(node):
            found.setdefault(name, []).append((first, node.end_lineno or node.lineno, node))
    return found


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        return
    else:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id
            elif isinstance(part, ast.FunctionDef | ast.ClassDef):
                yield part.name


@lru_cache(maxsize=1024)
def _imports(module: str) -> dict[str, tuple[str, str]]:
    return _imports_below([ast.parse("\n".join(_source(module)))], module)


def _imports_below(nodes: Iterable[ast.AST], module: str) -> dict[str, tuple[str, str]]:
    """Imported names that are ours: `(module, "")` for a module, `(module, name)` for something in one."""
    found: dict[str, tuple[str, str]] = {}
    for part in (each for node in nodes for each in ast.walk(node)):
        if isinstance(part, ast.Import):
            for alias in part.names:
                if _source(alias.name):
                    found[alias.asname or alias.name] = (alias.name, "")
        elif isinstance(part, ast.ImportFrom):
            base = part.module or ""
            if part.level:
                base = ".".join([*module.split(".")[: -part.level], *([base] if base else [])])
            for alias in part.names:
                if _source(f"{base}.{alias.name}"):
                    found[alias.asname or alias.name] = (f"{base}.{alias.name}", "")
                elif _source(base):
                    found[alias.asname or alias.name] = (base, alias.name)
    return found


@lru_cache(maxsize=1024)
def _source(name: str) -> tuple[str, ...]:
    """The lines of a module of ours, which need not be loaded; none for one that is installed or cannot be found."""
    file = _file(name)
    if file is None or not file.endswith(".py") or (name.split(".")[0] not in OURS and _installed(file)):
        return ()
    return tuple(Path(file).read_text(encoding="utf-8").splitlines())


def _file(name: str) -> str | None:
    """Where a module's source is; finding it loads no more than the packages that it lies in."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None)
    top = name.split(".")[0]
    if top in sys.stdlib_module_names or (top != name and not _source(top) and top not in OURS):
        return None  # looking for a module below an installed package would load that package
    parent = name.rpartition(".")[0]
    if parent and not (_file(parent) or "").endswith("__init__.py"):
        return None  # a name in a module, which need not be loaded to know that
    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        return None
    return found.origin if found else None


def _installed(file: str) -> bool:
    return str(Path(file).resolve()).startswith(INSTALLED)
