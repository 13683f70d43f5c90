"""What the world does to a program, in one sentence with its remedy: a full disk, a dead database, a file that is not what it was.

Libraries say it each in a way of their own, and often through each other. What an error says is found by the names of its
classes: nothing is imported for it.
"""

import errno
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lifecycle.errors import LifecycleError, Outage

SPACE = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
REFUSED = {errno.EROFS: "the disk is read-only", errno.EACCES: "it may not be read or written", errno.EPERM: "it may not be changed"}
SHAPE = {
    errno.EISDIR: "it must be a file, found a folder",
    errno.EEXIST: "it must be a folder, found a file",
    errno.ENOTDIR: "what is above it must be a folder, found a file",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EIO: "the disk does not read or write it",
}
ROOM = "make room (see 'lifecycle doctor'), then run this again: nothing half-done stays"
AWAY = {
    "OperationalError",
    "InterfaceError",
    "ConnectionFailure",
    "PoolTimeout",
    "AdminShutdown",
    "CannotConnectNowError",
    "ConnectionDoesNotExistError",
}
"""By these the clients of PostgreSQL (psycopg, asyncpg, SQLAlchemy) say that it is away."""
LIBRARIES = {"duckdb", "psycopg", "sqlalchemy", "asyncpg", "polars", "pyarrow", "mlflow"}
OURS = {"BinderException", "CatalogException", "ParserException", "SchemaError", "ColumnNotFoundError"}
"""By these they say that a statement of ours is wrong, which nobody but us can change."""
SILENT = {"ConnectError", "ConnectTimeout", "ReadError", "ReadTimeout", "RemoteProtocolError", "PrefectHTTPStatusError", "HTTPStatusError"}
DISK = (
    (re.compile(r"No space left on device|disk full|could not extend file|Disk quota exceeded", re.IGNORECASE), "full"),
    (re.compile(r"Read-only file system", re.IGNORECASE), "read-only"),
    (
        re.compile(
            r"invalid page|could not read block|checksum mismatch|invalid memory alloc|unexpected zero page|pg_control|subdirectory \S+ is missing"
            r"|could not locate a valid checkpoint|invalid checkpoint|configuration file \S+ contains errors|not a database cluster directory|could not open directory",
            re.IGNORECASE,
        ),
        "damaged",
    ),
)
CUT = re.compile(
    r"could not connect|connection (?:to server|failed|refused|reset|is closed|was closed)|server closed the connection|terminating connection"
    r"|is shutting down|is starting up|no connection to the server|consuming input failed|the connection is lost",
    re.IGNORECASE,
)
WORDS = (
    *DISK,
    (re.compile(r"Permission denied", re.IGNORECASE), "closed"),
    (CUT, "away"),
    (re.compile(r"Out of Memory Error", re.IGNORECASE), "memory"),
    (re.compile(r"parquet|magic bytes|decompress|out of spec|Cannot open file|IO Error", re.IGNORECASE), "unreadable"),
)
FILE = re.compile(r"""["']([^"'\n]*[/\\][^"'\n]+)["']|((?:/[^\s:"',;()]+)+\.\w+)""")


def plain(error: BaseException) -> LifecycleError | Outage | None:
    """The sentence for an error that the machine, a disk or a server made; `None` for one that is a mistake of the program."""
    if isinstance(error, LifecycleError | Outage):
        return error
    for each in _causes(error):
        found = _of_disk(each) if isinstance(each, OSError) else None
        found = found or _of_library(each)
        if found:
            return found
    return None


def away(error: BaseException) -> bool:
    """Whether a database did not answer, whatever its client makes of that: then the same may well succeed a little later."""
    return any(_kinds_of(each)[1] & LIBRARIES and CUT.search(str(each)) for each in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was made from."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def _of_disk(error: OSError) -> LifecycleError | Outage | None:
    place = f"{error.filename}" if error.filename else "a file under LIFECYCLE_HOME"
    if error.errno in SPACE:
        return Outage(f"{place} cannot be written: {SPACE[error.errno]}; {ROOM}")
    if error.errno in REFUSED:
        return LifecycleError(
            f"{place} cannot be used: {REFUSED[error.errno]}; give this account the right to, or name another folder in LIFECYCLE_HOME"
        )
    if error.errno in SHAPE:
        return LifecycleError(f"{place} cannot be used: {SHAPE[error.errno]}; move it away, then run this again")
    return None


def _of_library(error: BaseException) -> LifecycleError | Outage | None:
    """What a database, an engine or a reader of files said, by its words."""
    names, modules = _kinds_of(error)
    said = " ".join(str(error).split()).partition(" LINE 1: ")[0]  # what follows is our own statement
    if modules & {"httpx", "prefect"} and names & SILENT:
        return Outage(f"the Prefect server does not answer ({_short(said)}); see LIFECYCLE_HOME/logs, then run this again")
    if not modules & LIBRARIES or (names & OURS and not CUT.search(said)):  # a name is not found either where the catalogue is away
        return None
    cls = _kind(WORDS, said)
    if cls is None and names & AWAY:
        cls = "away"
    return _sentence(cls, said)


def _kinds_of(error: BaseException) -> tuple[set[str], set[str]]:
    """The names of an error's classes, and of the packages that they are from."""
    kinds = type(error).__mro__
    return {cls.__name__ for cls in kinds}, {cls.__module__.partition(".")[0].lstrip("_") for cls in kinds}


def of_server(said: str) -> LifecycleError | Outage | None:
    """The sentence for what a PostgreSQL that does not start says of its disk or its files; `None` where it is something else."""
    return _sentence(_kind(DISK, said), said)


def _kind(words: Sequence[tuple[re.Pattern[str], str]], said: str) -> str | None:
    return next((cls for pattern, cls in words if pattern.search(said)), None)


def _sentence(cls: str | None, said: str) -> LifecycleError | Outage | None:
    where = next((file or bare for file, bare in FILE.findall(said) if Path(file or bare).parent.exists()), "")
    match cls:
        case "full":
            return Outage(f"the disk is full ({_short(said)}); {ROOM}")
        case "read-only":
            return LifecycleError(f"the disk is read-only ({_short(said)}); make it writable, or name another folder in LIFECYCLE_HOME")
        case "closed":
            return LifecycleError(f"{where or 'a file'} may not be read or written ({_short(said)}); give this account the right to")
        case "damaged":
            return LifecycleError(f"the files of PostgreSQL are damaged ({_short(said)}); bring LIFECYCLE_HOME back from a backup")
        case "away":
            return Outage(f"PostgreSQL does not answer ({_short(said)}); see 'lifecycle doctor', then run this again")
        case "memory":
            return LifecycleError(f"DuckDB needs more memory than it may take ({_short(said)}); raise LIFECYCLE_MEMORY, or make room on the disk")
        case "unreadable":
            return LifecycleError(f"{where or 'a file of the lake'} cannot be read ({_short(said)}); bring LIFECYCLE_HOME back from a backup")
        case _:
            return None


def _short(said: str) -> str:
    said = said.partition(" [SQL:")[0].partition(" (Background on")[0].strip()
    return said if len(said) <= 200 else f"...{said[-200:]}"
