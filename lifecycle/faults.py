"""What the world does to a program, in one sentence with its remedy: a full disk, a dead database, a file that is not what it was.

Libraries say it each in a way of their own, and often through each other. What an error says is found by the names of its
classes: nothing is imported for it.
"""

import errno
import re
from collections.abc import Iterator

from lifecycle.errors import LifecycleError, Outage

SPACE = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
REFUSED = {errno.EROFS: "the disk is read-only", errno.EACCES: "it may not be read or written", errno.EPERM: "it may not be changed"}
SHAPE = {
    errno.EISDIR: "it must be a file, found a folder",
    errno.ENOTDIR: "what is above it must be a folder, found a file",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EIO: "the disk does not read or write it",
}
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
WORDS = (
    (re.compile(r"No space left on device|disk full|could not extend file|Disk quota exceeded", re.IGNORECASE), "full"),
    (re.compile(r"Read-only file system", re.IGNORECASE), "read-only"),
    (re.compile(r"Permission denied", re.IGNORECASE), "closed"),
    (
        re.compile(r"invalid page|could not read block|checksum|could not open file .base/|invalid memory alloc|unexpected zero page", re.IGNORECASE),
        "broken",
    ),
    (
        re.compile(
            r"could not connect|connection (?:to server|failed|refused|reset|is closed|was closed)|server closed the connection|terminating connection"
            r"|shutting down|starting up|no connection to the server|consuming input failed|the connection is lost|Connection refused",
            re.IGNORECASE,
        ),
        "away",
    ),
    (
        re.compile(
            r"parquet|magic bytes|Snappy|zstd|decompress|out of spec|Invalid Input Error: (?:File|No magic)|too small to be|IO Error|Cannot open file"
            r"|InvalidInputException.*footer|metadata.*corrupt",
            re.IGNORECASE,
        ),
        "unreadable",
    ),
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
        return Outage(
            f"{place} cannot be written: {SPACE[error.errno]}; make room (see 'lifecycle doctor'), then run this again: nothing half-done stays"
        )
    if error.errno in REFUSED:
        return LifecycleError(
            f"{place} cannot be used: {REFUSED[error.errno]}; give this account the right to, or name another folder in LIFECYCLE_HOME"
        )
    if error.errno in SHAPE:
        return LifecycleError(f"{place} cannot be used: {SHAPE[error.errno]}; move it away, then run this again")
    return None


def _of_library(error: BaseException) -> LifecycleError | Outage | None:
    """What a database, an engine or a reader of files said, by its words."""
    kinds = type(error).__mro__
    if not {kind.__module__.partition(".")[0].lstrip("_") for kind in kinds} & {
        "duckdb",
        "psycopg",
        "sqlalchemy",
        "asyncpg",
        "polars",
        "pyarrow",
        "mlflow",
    }:
        return None
    said = " ".join(str(error).split())
    kind = next((kind for words, kind in WORDS if words.search(said)), None)
    if kind is None and AWAY & {each.__name__ for each in kinds}:
        kind = "away"
    where = next((file or bare for file, bare in FILE.findall(said)), "")
    match kind:
        case "full":
            return Outage(
                f"{where or 'the disk'} cannot be written: the disk is full; make room (see 'lifecycle doctor'), then run this again: nothing half-done stays"
            )
        case "read-only":
            return LifecycleError(
                f"{where or 'the disk'} cannot be written: the disk is read-only; make it writable, or name another folder in LIFECYCLE_HOME"
            )
        case "closed":
            return LifecycleError(f"{where or 'a file'} cannot be used: it may not be read or written; give this account the right to")
        case "broken":
            return LifecycleError(f"the files of PostgreSQL are damaged ({_short(said)}); bring them back from a backup of LIFECYCLE_HOME/postgres")
        case "away":
            return Outage(f"PostgreSQL does not answer ({_short(said)}); see 'lifecycle doctor', then run this again")
        case "unreadable":
            return LifecycleError(f"{where or 'a file of the lake'} cannot be read ({_short(said)}); bring it back from a backup")
        case _:
            return None


def _short(said: str) -> str:
    return said.partition(" [SQL:")[0].partition(" (Background on")[0][:200]
