"""Files that use cases name: found in the folder of `LIFECYCLE_DATA`, else fetched once and checked."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lifecycle.errors import LifecycleError
from lifecycle.reading import credentials, web
from lifecycle.reading.hidden_files import passed_over
from lifecycle.settings import settings
from lifecycle.source import File

CHECKOUT = Path(__file__).parents[2]
"""The folder that holds `usecases/`: what a definition says of a file in it holds from whatever folder a command is run."""
REMOTE = ("http://", "https://", "s3://")


def locate(file: File) -> str:
    """Where a file is: a path (or glob) on this machine, or an address that DuckDB reads.

    Raises:
        LifecycleError: it is nowhere, or its content is not what the definition says.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in file.path):
        raise LifecycleError(f"the file {file.path!r} has a name that is no UTF-8, which cannot be kept; rename it")
    if is_remote(file.path):
        return file.path
    for candidate in candidates(file):
        if candidate.is_dir():
            raise LifecycleError(f"{candidate} is a folder, a file is needed; name the file, or a glob such as {candidate}/*.parquet")
        if candidate.exists() or matching(candidate):
            return str(candidate)
    if file.url:
        return str(_fetched(file))
    where = f" and not in LIFECYCLE_DATA ({settings().data})" if settings().data and not Path(file.path).is_absolute() else ""
    raise LifecycleError(f"the file {file.path} does not exist{where}; check the path, or set LIFECYCLE_DATA to the folder that holds it")


def candidates(file: File) -> list[Path]:
    """Where a file of this machine is looked for, in order."""
    path = Path(file.path).expanduser()
    if path.is_absolute():
        return [path]
    return [*([Path(str(settings().data)) / path] if settings().data else []), path, CHECKOUT / path]


def there(file: File) -> list[str]:
    """The files of this machine that one names and that are there now; nothing is fetched."""
    for candidate in candidates(file):
        if paths := [candidate] if candidate.is_file() else matching(candidate):
            return [str(path) for path in paths]
    return []


def is_remote(path: str) -> bool:
    """Whether a path is the address of another server; `${NAME}` at its beginning stands for one."""
    return path.startswith((*REMOTE, "${"))


def found(file: File) -> list[str]:
    """Every file that this one names, in order: paths of this machine, or addresses.

    Raises:
        LifecycleError: there is none.
    """
    if not is_remote(file.path):
        place = locate(file)
        return [place] if Path(place).exists() else [str(path) for path in sorted(matching(Path(place)))]
    if not credentials.resolved(file.path).startswith("s3://"):
        return [file.path]
    from lifecycle.reading import remote

    addresses = remote.matches(file.path)
    if not addresses:
        raise LifecycleError(f"no file matches {file.path}; check the bucket and the pattern")
    return addresses


def signs(file: File) -> dict[str, str]:
    """Every file that this one names, with what tells cheaply that it is as it was; empty where nothing does."""
    if not is_remote(file.path):
        try:
            paths = found(file)
        except LifecycleError:
            return {}
        return {path: f"{stat.st_size}-{stat.st_mtime_ns}" for path in paths for stat in [Path(path).stat()]}
    from lifecycle.reading import remote

    return {address: remote.sign(file, address) for address in found(file)}


def content(path: str) -> str:
    """The SHA-256 of a file of this machine; empty for an address."""
    return "" if is_remote(path) else digest(path)


def digest(path: str) -> str:
    """The SHA-256 of a file's content, of each file's for a glob."""
    total = hashlib.sha256()
    for each in [Path(path)] if Path(path).exists() else sorted(matching(Path(path))):
        with each.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def matching(path: Path) -> list[Path]:
    """The files that a glob of this machine stands for, without hidden ones; none for a plain path."""
    if not any(sign in str(path) for sign in "*?["):
        return []
    anchor = Path(path.anchor) if path.is_absolute() else Path()
    pattern = str(path.relative_to(anchor) if path.is_absolute() else path)
    return [found for found in anchor.glob(pattern) if found.is_file() and not passed_over(str(found), str(path))]


def _fetched(file: File) -> Path:
    """The file from its public address, fetched once: checked before it takes its name."""
    kept = settings().home / "downloads" / file.sha256 / Path(file.path).name
    if kept.exists():
        return kept
    remedy = f"put it at {file.path} in a folder and set LIFECYCLE_DATA to that folder"
    if not settings().download:
        raise LifecycleError(f"the file {file.path} is not here and LIFECYCLE_DOWNLOAD is off; {remedy}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    arriving = kept.with_suffix(".arriving")
    try:
        with web.opened(file.url, 60) as answer, arriving.open("wb") as stream:
            for block in answer.iter_raw():
                stream.write(block)
    except (OSError, ValueError) as error:
        raise LifecycleError(f"the file {file.path} is not here and could not be fetched from {file.url}: {error}; {remedy}") from None
    found = hashlib.sha256(arriving.read_bytes()).hexdigest()
    if found != file.sha256:
        arriving.unlink()
        raise LifecycleError(f"{file.url} has the SHA-256 {found[:12]}..., the definition says {file.sha256[:12]}...; {remedy}")
    return arriving.rename(kept)


def content_key(named: Iterable[File]) -> str | None:
    """What tells, without reading rows, that these files have the content they had; `None` where a server does not say."""
    told: list[str] = []
    for file in named:
        told += signs(file).values() if is_remote(file.path) else [digest(locate(file))]
    return hashlib.sha256("".join(told).encode()).hexdigest() if all(told) else None
