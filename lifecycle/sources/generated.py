"""A Python function."""

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from lifecycle.errors import DataError, LifecycleError
from lifecycle.source import ByColumn, Incremental, Source

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader
    from lifecycle.usecase import UseCase
    from lifecycle.world import World

WORDS: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "True or False"),
}
"""What a parameter takes by its annotation, and that in words."""


@dataclass(frozen=True)
class Generated(Source):
    """A Python function that yields Polars frames: a simulator, a paginated API.

    Only a `deterministic` one (the same parameters always give the same rows) may be answered from the cache.
    An `incremental` one is called with `since`, the newest value of the cursor that was ingested less `late` (`None`
    at first), and for a range with `until`. `select` is for the rows of a file given in its place with `--source`.
    """

    function: "Callable[..., Iterable[pl.DataFrame]]"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deterministic: bool = False
    select: str = "FROM rows"
    incremental: Incremental | None = None
    simulation: "Callable[[int, dt.date], World] | None" = None
    """Of a simulator: makes a world of so many days up to a date, which `lifecycle simulate` plays."""

    def place(self) -> str:
        return f"{self.function.__name__}({','.join(f'{key}={value}' for key, value in self.parameters.items())})"

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import level

        return level.leveled(reader.cursor, f"FROM {reader.register(_stream(reader, self, new))}")

    def cleaned(self, select: str) -> "Generated":
        return self

    def typed(self, text: str) -> "Generated | None":
        from lifecycle.sources.spelling import is_place, parameters

        if "=" not in text or is_place(text):
            return None
        given = parameters(text)
        self._check(given)
        return replace(self, parameters={**self.parameters, **given})

    def _check(self, given: Mapping[str, Any]) -> None:
        """Refuse parameters that the function does not take, as far as its signature tells.

        Raises:
            LifecycleError: a name is none of its own, or a value is of another type than it says.
        """
        signature = inspect.signature(self.function)
        known = {name: one for name, one in signature.parameters.items() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
        anything = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
        for name, value in given.items():
            if name not in known and not anything:
                raise LifecycleError(f"the source {self.function.__name__} takes {', '.join(known) or 'no parameters'}; found '{name}': leave it out")
            wanted = str(known[name].annotation) if name in known else ""
            told = WORDS.get(wanted.removeprefix("<class '").removesuffix("'>"))
            if told and not isinstance(value, told[0]):
                raise LifecycleError(f"the source {self.function.__name__} takes {name}={told[1]}, found {name}={value}; change it")

    def cursor(self, use_case: "UseCase") -> str | None:
        return self.incremental.column if isinstance(self.incremental, ByColumn) else None

    def content_key(self) -> str | None:
        return "deterministic" if self.deterministic and not self.incremental else None

    def world(self, days: int, last: dt.date) -> "World | None":
        return self.simulation(days, last) if self.simulation else None

    def texts(self) -> list[str]:
        return [self.select, *(value for value in self.parameters.values() if isinstance(value, str))]

    def values(self) -> Mapping[str, Any]:
        return self.parameters

    def hold(self, places: "Places", own: Source) -> None:
        places.parameters(self.parameters, own.parameters if isinstance(own, Generated) else {})

    def described(self, code: Callable[[str], str]) -> str:
        said = (self.function.__doc__ or "").strip().split("\n")[0].rstrip(".")
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"function {code(f'{self.function.__name__}({given})')}" + (f" ({said})" if said else "")

    def limits(self, described: str) -> list[str]:
        return [f"**Rows from a function**: {described}. Where that is a simulator, the numbers say how well the simulator is learnt."]


def _stream(reader: "Reader", source: Generated, new: "New") -> Any:
    """The frames of a generator as one Arrow stream, read as they come: memory holds one at a time."""
    import pyarrow as pa

    from lifecycle.reading.increments import NothingNew

    asked: dict[str, Any] = {"since": new.since} if source.incremental else {}
    if new.until is not None:
        asked["until"] = new.until
    frames = iter(source.function(**source.parameters, **asked))
    first = next(frames, None)
    if first is None and new.since is not None:
        raise NothingNew
    if first is None:
        raise DataError(f"the source {source.name} yields no rows; check its parameters")
    schema = first.to_arrow().schema

    def batches() -> Iterator[Any]:
        try:
            for frame in chain([first], frames):
                yield from _cast(frame, schema)
        except Exception as error:
            reader.failed = error  # DuckDB makes an error of its own out of it
            raise

    return pa.RecordBatchReader.from_batches(schema, batches())


def _cast(frame: "pl.DataFrame", schema: Any) -> Any:
    return frame.to_arrow().cast(schema).to_batches()
