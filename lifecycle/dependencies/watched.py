"""A definition that notes what is read of it: whatever a stage is told by a field is what its answer depends on."""

import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lifecycle.usecase import UseCase

NOTES = "_notes"
T = TypeVar("T")


@dataclass
class Notes:
    """What was read of a definition, and how long what was made of it holds."""

    read: set[str] = field(default_factory=set)
    """Names of fields, properties and methods; what a property reads in its turn is there too."""
    until: dt.datetime | None = None
    """The first moment at which the clock alone can change the answer."""


def watched(use_case: "UseCase") -> "UseCase":
    """The same definition, which notes what is read of it, in whatever thread. What leaves the process is read whole."""
    made = object.__new__(_watching(type(use_case)))
    made.__dict__.update(vars(use_case))
    made.__dict__[NOTES] = Notes()
    return made


def notes(use_case: "UseCase") -> Notes:
    """What was noted so far; of a definition that nobody watches, nothing."""
    return vars(use_case).get(NOTES) or Notes()


def note(use_case: "UseCase", read: "Iterable[str]") -> None:
    """Note what was read of this definition elsewhere: by another process, or when what is remembered here was made."""
    notes(use_case).read.update(read)


def holds_until(use_case: "UseCase", moment: dt.datetime | None) -> None:
    """Note that the answer holds until a moment (UTC where it has no zone) and that the clock may change it then."""
    if moment is None:
        return
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    noted = notes(use_case)
    noted.until = moment if noted.until is None else min(noted.until, moment)


class Remembered:
    """What was made of a definition before, found again where all that was read of it then is the same now, which counts as read anew."""

    def __init__(self) -> None:
        self._made: list[tuple[dict[str, Any], Notes, Any]] = []

    def get(self, use_case: "UseCase", make: "Callable[[UseCase], T]") -> "T":
        """What was made of this definition, or of an equal one as far as it was read; else what `make` makes of it now."""
        for read, noted, made in self._made:
            if all(getattr(use_case, name) == value for name, value in read.items()):
                note(use_case, noted.read)
                holds_until(use_case, noted.until)
                return made
        seen = watched(use_case)
        made = make(seen)
        noted = notes(seen)
        read = {name: getattr(use_case, name) for name in noted.read & use_case.__dataclass_fields__.keys()}
        self._made.append((read, noted, made))
        note(use_case, noted.read)
        holds_until(use_case, noted.until)
        return made


@cache
def readable(kind: "type[UseCase]") -> frozenset[str]:
    """The names by which a stage can learn something of a definition: its fields, properties and methods."""
    return frozenset(name for name in (*getattr(kind, "__dataclass_fields__", ()), *dir(kind)) if not name.startswith("__"))


def _plain(kind: "type[UseCase]", values: dict[str, Any]) -> "UseCase":
    made = object.__new__(kind)
    made.__dict__.update(values)
    return made


@cache
def _watching(kind: "type[UseCase]") -> "type[UseCase]":
    names = readable(kind)

    def read(self: Any, name: str) -> Any:
        if name in names:
            object.__getattribute__(self, "__dict__").get(NOTES, Notes()).read.add(name)
        return object.__getattribute__(self, name)

    def leave(self: Any, _protocol: Any) -> Any:
        """Nobody sees what another process reads."""
        note(self, names)
        return _plain, (kind, {name: value for name, value in vars(self).items() if name != NOTES})

    body = {"__getattribute__": read, "__reduce_ex__": leave, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), body)
