"""Where variants are found: what lies in a folder of ours, and what other packages bring under an entry point of the same name."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Generic, Protocol, TypeVar

from lifecycle.errors import DefinitionError


class HasName(Protocol):
    """What a definition says the name of."""

    name: str


T = TypeVar("T")
N = TypeVar("N", bound=HasName)


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


class Named(Generic[N]):
    """Variants that definitions call by their names, each of which is one variant's. Arguments: those of `found`."""

    def __init__(self, folder: str, attribute: str, contract: type[N]) -> None:
        self._folder, self._attribute, self._contract = folder, attribute, contract

    def get(self, name: str) -> N | None:
        """The variant of this name; other packages are looked through only where the folder has none."""
        return self._here().get(name) or self._elsewhere().get(name)

    def all(self) -> dict[str, N]:
        """All of them, those of the folder first.

        Raises:
            DefinitionError: another package brings a name that is in use.
        """
        return {**self._here(), **self._elsewhere()}

    def _here(self) -> dict[str, N]:
        return {each.name: each for each in here(self._folder, self._attribute, self._contract)}

    def _elsewhere(self) -> dict[str, N]:
        found = {each.name: each for each in elsewhere(self._folder, self._attribute, self._contract)}
        if both := set(found) & set(self._here()):
            raise DefinitionError(
                f"a {self._attribute} has a name of its own, '{both.pop()}' of the entry points '{self._folder}' is in use; rename it"
            )
        return found
