"""Files of other servers: copied in a stream where they have to be read as text, and what tells that they are the same as before."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lifecycle.errors import DataError, LifecycleError, Outage
from lifecycle.reading import credentials, web
from lifecycle.reading.hidden_files import passed_over
from lifecycle.source import File
from lifecycle.store import objects

if TYPE_CHECKING:
    import httpx

BLOCK = 1 << 20
WAIT = 60  # seconds for an answer
SETTLED = 5  # seconds after which a moment of change tells apart what is written in the same second


def copy(file: File, address: str, to: Path) -> Path:
    """A remote file, copied to this machine.

    Raises:
        LifecycleError: the server does not give it.
        Outage: the server does not answer now.
    """
    (_copy_s3 if _is_s3(address) else _copy_http)(file, address, to)
    return to


def sign(file: File, address: str) -> str:
    """What tells the content of a remote file without reading it; empty where the server says nothing of the kind."""
    try:
        return _sign_s3(file, address) if _is_s3(address) else _sign_http(file, address)
    except (LifecycleError, Outage):
        return ""  # reading it will say what is wrong


def matches(address: str) -> list[str]:
    """The addresses that a glob on S3-compatible storage stands for, without hidden files."""
    from pyarrow.fs import FileSelector, FileType

    place = _place(address)
    if not any(mark in place for mark in "*?["):
        return [address]
    fixed = place[: min(place.find(mark) for mark in "*?[" if mark in place)].rpartition("/")[0]
    infos = _s3(address, lambda store: store.get_file_info(FileSelector(fixed, recursive=True, allow_not_found=True)))
    pattern = _regular(place)
    found = (info.path for info in infos if info.type == FileType.File and pattern.fullmatch(info.path))
    return sorted("s3://" + path for path in found if not passed_over(path, place))


def _is_s3(address: str) -> bool:
    return credentials.resolved(address).startswith("s3://")


def _place(address: str) -> str:
    """Bucket and key."""
    return credentials.resolved(address).removeprefix("s3://")


def _regular(glob: str) -> Any:
    import re

    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", glob)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, part if part.startswith("[") else re.escape(part)) for part in parts))


def _copy_http(file: File, address: str, to: Path) -> None:
    with asked(file, address) as answer, to.open("wb") as out:
        for block in answer.iter_raw():
            out.write(block)


def _sign_http(file: File, address: str) -> str:
    with asked(file, address, "HEAD") as answer:
        tag, changed, size = (answer.headers.get(name) for name in ("ETag", "Last-Modified", "Content-Length"))
    if tag and not tag.startswith("W/"):
        return f"{tag}-{size}"
    if changed and size and time.time() - parsedate_to_datetime(changed).timestamp() > SETTLED:
        return f"{changed}-{size}"
    return ""


@contextmanager
def asked(file: File, address: str, method: str = "GET") -> "Iterator[httpx.Response]":
    """The answer of an http(s) server.

    Raises:
        LifecycleError: it refuses, and would again.
        Outage: it does not answer now, or not to the end.
    """
    at = credentials.address(address)
    headers = {name: credentials.resolved(value) for name, value in file.headers.items()}
    if at.user or at.password:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{at.user}:{at.password}".encode()).decode()
    try:
        with web.opened(quote(at.bare, safe=":/?&=%+,;@[]!$'()*~#"), WAIT, method=method, headers=headers, leave=file.redirects) as answer:
            yield answer
    except web.Elsewhere as error:
        raise LifecycleError(
            f"{_shown(file)} sends us to {error}, which this source may not be read from; name that address, if it is right"
        ) from None
    except web.Refused as error:
        code, after = error.answer.status_code, error.answer.headers.get("Retry-After", "")
        said = f"{_shown(file)} answers {code} ({error.answer.reason_phrase})"
        if code >= 500 or code in (408, 425, 429):
            raise Outage(said, float(after) if after.isdigit() else None) from None
        remedy = "check the address" if code in (404, 410) else "check the address and its credentials"
        if error.elsewhere:
            remedy = f"it had sent us to {error.elsewhere}, where headers and passwords do not follow: {remedy}"
        raise LifecycleError(f"{said}; {remedy}") from None
    except web.Away as error:
        raise Outage(f"{_shown(file)} {credentials.hidden(str(error))}; check the address, or try again later") from None
    except web.NoAddress as error:
        raise LifecycleError(f"{_shown(file)} is no address ({credentials.hidden(str(error))}); fix it") from None


def _copy_s3(file: File, address: str, to: Path) -> None:
    def work(store: Any) -> None:
        with store.open_input_stream(_place(address)) as stream, to.open("wb") as out:
            while block := stream.read(BLOCK):
                out.write(block)

    _s3(file.path, work)


def _sign_s3(file: File, address: str) -> str:
    info = _s3(file.path, lambda store: store.get_file_info(_place(address)))
    if not info.is_file or info.mtime is None or time.time() - info.mtime.timestamp() < SETTLED:
        return ""
    return f"{info.mtime_ns}-{info.size}"


def _s3(shown: str, work: Callable[[Any], Any]) -> Any:
    """Some work with S3-compatible storage, reached by the usual `AWS_*` variables."""
    try:
        return work(objects.s3())
    except FileNotFoundError:
        raise DataError(f"{shown} does not exist; check the bucket and the key") from None
    except OSError as error:
        said = " ".join(str(error).split())
        if any(word in said for word in ("ACCESS_DENIED", "InvalidAccessKey", "SignatureDoesNotMatch", "403")):
            raise LifecycleError(f"{shown} is refused to us; check the AWS_* variables") from None
        raise Outage(f"{shown} cannot be reached ({said[:200]}); check AWS_ENDPOINT_URL and the AWS_* variables") from None


def _shown(file: File) -> str:
    return f"the server of {file.path.split('?')[0]}"
