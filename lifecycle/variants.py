"""Where variants are found: what lies in a folder of ours, and what other packages bring under an entry point of the same name."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TypeVar

T = TypeVar("T")


def found(folder: str, attribute: str, contract: type[T]) -> Iterator[T]:
    """The variants of a folder, by the names of their files, then those of the entry points of its name.

    Args:
        folder: a package, such as `lifecycle.kinds`.
        attribute: what each module calls its variant.
        contract: what a variant is; what is none is left out.
    """
    yield from here(folder, attribute, contract)
    yield from elsewhere(folder, attribute, contract)


@cache
def here(folder: str, attribute: str, contract: type[T]) -> tuple[T, ...]:
    """The variants of the folder."""
    modules = [import_module(f"{folder}.{module.name}") for module in iter_modules(import_module(folder).__path__)]
    return tuple(value for module in modules if isinstance(value := getattr(module, attribute, None), contract))


@cache
def elsewhere(folder: str, attribute: str, contract: type[T]) -> tuple[T, ...]:
    """The variants of other packages: looking for them takes a while, so they are asked for last."""
    modules = [each.load() for each in entry_points(group=folder)]
    return tuple(value for module in modules if isinstance(value := getattr(module, attribute, None), contract))
