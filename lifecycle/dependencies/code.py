"""The code that a definition of the machinery reaches: found by the names in the source, also in what is not loaded yet."""

import builtins
import hashlib
from collections.abc import Iterator
from functools import lru_cache

from lifecycle.dependencies import modules
from lifecycle.dependencies.outline import WHOLE, Definition, Import, outline

WATCHED = ("lifecycle.usecase", "UseCase")
"""What a stage asks of a definition is seen while it runs (`watched`): that it names the class says nothing."""
Place = tuple[str, str]
"""A module and a name in it."""


@lru_cache(maxsize=4096)
def code(module: str, name: str) -> str:
    """A hash of the code of a definition and of everything that it reaches."""
    total = hashlib.sha256()
    for where, what in reached(module, name):
        total.update(f"{where}:{what} {outline(where).definitions[what].code}\0".encode())
    return total.hexdigest()


@lru_cache(maxsize=4096)
def reached(module: str, name: str) -> tuple[Place, ...]:
    """Every definition that one reaches, itself first; the whole module where it has none of that name."""
    found: dict[Place, None] = {}
    waiting = [(module, name if name in outline(module).definitions else WHOLE)]
    while waiting:
        place = waiting.pop()
        if place in found or place[1] not in outline(place[0]).definitions:
            continue
        found[place] = None
        waiting.extend(_named_by(*place))
        waiting.extend((each, WHOLE) for package in outline(place[0]).reaches for each in modules.below(package))
    return tuple(found)


@lru_cache(maxsize=4096)
def edited(module: str, name: str) -> str:
    """The first module that a definition reaches whose file was written while this process ran; empty where there is none."""
    return next((where for where in dict.fromkeys(place[0] for place in reached(module, name)) if modules.edited(where)), "")


@lru_cache(maxsize=8192)
def _named_by(module: str, name: str) -> tuple[Place, ...]:
    """The definitions of ours that the code of one names, in its module or through its imports."""
    definition = outline(module).definitions[name]
    found = (place for each in definition.names for place in _found(module, definition, each.split(".")))
    return tuple(dict.fromkeys(place for place in found if place != WATCHED))


def _found(module: str, definition: Definition, parts: list[str]) -> Iterator[Place]:
    if parts[0] in outline(module).definitions:
        yield (module, parts[0])
    bound = [one for one in (*definition.imports, *outline(module).imports) if one[0] in (parts[0], "*")]
    for one in bound:
        yield from _through(module, one, parts)
    if not bound and hasattr(builtins, parts[0]):
        return


def _through(module: str, one: Import, parts: list[str]) -> Iterator[Place]:
    """What a name stands for that an import has bound."""
    base = absolute(module, one)
    if not base:
        return
    if one[0] == "*":
        if parts[0] in outline(base).definitions or _passed_on(base, parts[0]):
            yield from _in_module(base, parts)
    elif not one[2]:
        yield from _in_module(base, parts[1:])
    elif modules.text(f"{base}.{one[2]}"):
        yield from _in_module(f"{base}.{one[2]}", parts[1:])
    else:
        yield from _in_module(base, [one[2], *parts[1:]])


def _in_module(module: str, parts: list[str]) -> Iterator[Place]:
    """`lookback` in the module `windows`; in a package also a module of it; the whole module where nothing else can be told."""
    if not modules.text(module):
        return
    if not parts:
        yield (module, WHOLE)
    elif parts[0] in outline(module).definitions:
        yield (module, parts[0])
    elif modules.text(f"{module}.{parts[0]}"):
        yield from _in_module(f"{module}.{parts[0]}", parts[1:])
    elif passed := _passed_on(module, parts[0]):
        yield from _through(module, passed, parts)
    else:
        yield (module, WHOLE)


def _passed_on(module: str, name: str) -> Import | None:
    """The import by which a module has a name that it does not define."""
    return next((one for one in outline(module).imports if one[0] == name), None)


def absolute(module: str, one: Import) -> str:
    """The module that an import names, its dots resolved."""
    _, base, _, level = one
    if not level:
        return base
    parts = module.split(".")
    parts = parts[: len(parts) - level + modules.is_package(module)]
    return ".".join([*parts, *([base] if base else [])])
