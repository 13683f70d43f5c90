"""Which places a source may name that was typed into Prefect's form, sent to its API or set by an automation.

Who uses the command line reads what they may read themselves. A form reads with the rights of the worker, whoever fills it in: there
the definition's own source, the folder of `LIFECYCLE_DATA`, what `LIFECYCLE_SOURCES` names and what the definition allows are read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from lifecycle.errors import LifecycleError
from lifecycle.reading import credentials, files
from lifecycle.reading.web import PORTS
from lifecycle.settings import settings
from lifecycle.source import File, Source
from lifecycle.store.readable import BEHIND, TELLING
from lifecycle.store.select import Table, taken_apart

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

EVERYTHING = "*"
READERS = frozenset(("read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto", "read_json_objects",
                     "read_json_objects_auto", "read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_xlsx", "read_text"))  # fmt: skip
"""Functions of DuckDB that read the files they name first."""
HARMLESS = frozenset(("unnest", "range", "generate_series", "repeat", "repeat_row", "json_each", "json_tree", "histogram", "histogram_values"))
OPTIONS = frozenset(("sslmode", "connect_timeout", "application_name"))
"""What an address of PostgreSQL may say after its `?`: a `host=` there would lead elsewhere."""
PLACE = re.compile(r"[/\\]|\.\.|\$\{")

_limited: list[bool] = [False]


def limit(on: bool) -> None:
    """Say whether the sources that this process is given from now on come from a form."""
    _limited[0] = on


def limited() -> bool:
    """Whether they do."""
    return _limited[0]


@dataclass(frozen=True)
class Places:
    """What may be read."""

    use_case: str
    folders: tuple[Path, ...]
    addresses: tuple[credentials.Address, ...]
    own: frozenset[Path]
    """The files of the definition's own source."""

    def refused(self, place: str) -> LifecycleError:
        """The sentence for what is none of them."""
        return LifecycleError(
            f"use case '{self.use_case}': {credentials.masked(place)} may not be read by a run that was started on the Prefect server;"
            " allow its folder or the beginning of its address in LIFECYCLE_SOURCES or in the definition's allows=, or run the command line"
        )

    def file(self, path: Path, shown: str) -> None:
        """Refuse a file, or a glob, that is or leads outside."""
        fixed = Path(*_before_glob(path.absolute().parts))
        if ".." in path.parts or not self._inside(fixed.resolve()):
            raise self.refused(shown)
        for each in files.matching(path):
            if not self._inside(each.resolve()):  # by a symbolic link
                raise self.refused(shown)

    def address(self, text: str) -> None:
        """Refuse an address that does not begin with one that is allowed, whoever goes there."""
        at = credentials.address(re.sub(r"(?<=://)[^/?#]*@", "", text))  # no secret is looked up for an address that is refused
        path = f"{at.path}?{at.query}" if at.scheme == "s3" else at.path
        odd = bool(re.search(r"[\\\x00-\x1f\x7f]", at.bare)) or ".." in re.split(r"[/?#]", unquote(unquote(path)))
        if at.scheme in ("postgres", "postgresql"):
            odd = odd or bool({name for name, _ in parse_qsl(at.query)} - OPTIONS)
        if odd or not any(_begins(at, allowed) for allowed in self.addresses):
            raise self.refused(text)

    def named_file(self, file: File) -> None:
        """Refuse a file that a source names and that is not allowed."""
        if files.is_remote(file.path):
            self.address(file.path)
            return
        if "://" in file.path or "\\" in file.path:
            raise self.refused(file.path)
        looked = files.candidates(file)
        read = (
            looked[0]
            if len(looked) == 1 or ".." in looked[0].parts
            else next((each for each in looked if each.exists() or files.matching(each)), looked[0])
        )
        self.file(read, file.path)

    def query(self, select: str) -> None:
        """A query reads files of allowed places and the lake, and no server: DuckDB follows wherever that sends it."""
        if credentials.PLACEHOLDER.search(select):
            raise LifecycleError(
                f"use case '{self.use_case}': a query of a run that was started on the Prefect server takes no ${{NAME}}, whose value would be among"
                " the rows; put the query into the definition, or run the command line"
            )
        asked = taken_apart(select)
        for name in sorted(asked.functions & TELLING):
            raise self.refused(f"{name}()")
        for call in asked.calls:
            if call.name in HARMLESS:
                continue
            named = call.arguments[0] if len(call.arguments) == 1 and call.name in READERS else None
            if named is None:
                raise self.refused(f"{call.name}() of {'what is not written out' if call.name in READERS else 'a query'}")
            for place in [named] if isinstance(named, str) else named:
                self._place(place)
        for table in asked.tables:
            if not _is_of_the_lake(table):
                self._place(str(table))

    def parameters(self, given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        """What a function is given in a form: numbers, words and moments; what could be a place has to be an allowed one."""
        for name, value in given.items():
            if value == own.get(name) or isinstance(value, bool | int | float | None):
                continue
            text = str(value)
            if credentials.PLACEHOLDER.search(text) or not isinstance(value, str):
                raise self.refused(f"{name}={text}")
            if "://" in text:
                self.address(text)
            elif PLACE.search(text) or Path(text).exists():
                self.file(Path(text).expanduser(), f"{name}={text}")

    def _place(self, place: str) -> None:
        """A file that DuckDB is told to read: below the folder that the process runs in, or in S3-compatible storage."""
        if place.startswith("s3://"):
            self.address(place)
        elif "://" in place:
            raise self.refused(place)
        else:
            self.file(Path(place).expanduser(), place)

    def _inside(self, path: Path) -> bool:
        return path in self.own or any(path.is_relative_to(folder) for folder in self.folders)


def held(use_case: "UseCase", found: Source, name: str, own_name: str) -> Source:
    """A typed source that names nothing but what may be read; a server may not send it on to another.

    Args:
        use_case: whose definition says what else may be read.
        found: the source as it was understood.
        name: what the ledger calls it.
        own_name: what it calls the definition's own.

    Raises:
        LifecycleError: it names something else. Nothing has been read.
    """
    allowed = [*_entries(settings().sources), *use_case.allows]
    if EVERYTHING in allowed or name == own_name or found == use_case.source:
        return found
    places = _places(use_case, allowed)
    for part in found.parts():
        part.hold(places, use_case.source)
    return found.with_files(lambda file: replace(file, redirects=False))


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _places(use_case: "UseCase", allowed: Iterable[str]) -> Places:
    folders = [entry for entry in allowed if "://" not in entry] + ([str(settings().data)] if settings().data else [])
    addresses = tuple(credentials.address(entry) for entry in allowed if "://" in entry)
    own = (file for part in use_case.source.parts() for file in part.named_files() if not files.is_remote(file.path))
    return Places(
        use_case.name, tuple(Path(folder).expanduser().resolve() for folder in folders), addresses,
        frozenset(Path(path).resolve() for file in own for path in files.there(file)),
    )  # fmt: skip


def _is_of_the_lake(table: Table) -> bool:
    from lifecycle.store.lake import lake
    from lifecycle.store.tables import exists

    apart = table.catalog in ("", "lake") and table.schema and not table.schema.startswith(BEHIND)
    return bool(apart) and exists(lake(), table.schema, table.name)


def _begins(at: credentials.Address, allowed: credentials.Address) -> bool:
    """Whether an address leads to the same server as an allowed one, and to something below its path."""
    if (at.scheme.lower(), at.host.lower().rstrip(".")) != (allowed.scheme.lower(), allowed.host.lower().rstrip(".")):
        return False
    usual = {**PORTS, "postgresql": 5432, "postgres": 5432}.get(at.scheme.lower())
    if (at.port or usual) != (allowed.port or usual):
        return False
    below = allowed.path.rstrip("/")
    return at.path.rstrip("/") == below or at.path.startswith(f"{below}/")


def _before_glob(parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        if any(sign in part for sign in "*?["):
            return
        yield part
