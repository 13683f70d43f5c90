"""Files on a disk or in S3-compatible storage, by their address."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lifecycle.store import private


def below(address: str) -> Iterator[str]:
    """The addresses of all files below a folder or prefix; none where it is not there."""
    from pyarrow.fs import FileSelector

    store, place = _at(address)
    for info in store.get_file_info(FileSelector(place, recursive=True, allow_not_found=True)):
        if info.is_file:
            yield f"s3://{info.path}" if address.startswith("s3://") else info.path


def read(address: str) -> bytes | None:
    """What a file holds; `None` where there is none."""
    store, place = _at(address)
    try:
        with store.open_input_stream(place) as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def write(address: str, content: bytes) -> None:
    """Write a file, whole or not at all."""
    store, place = _at(address)
    if address.startswith("s3://"):
        with store.open_output_stream(place) as stream:
            stream.write(content)
        return
    final = Path(place)
    final.parent.mkdir(parents=True, exist_ok=True)
    arriving = final.with_name(f".{final.name}.arriving")
    arriving.write_bytes(content)
    private.handed_over(arriving).replace(final)


def remove(address: str) -> None:
    """Delete a file, if it is there."""
    store, place = _at(address)
    try:
        store.delete_file(place)
    except FileNotFoundError:
        pass
    except OSError:
        if read(address) is not None:
            raise


def remove_below(address: str) -> int:
    """Delete a folder or prefix with all that is in it. Returns how many files there were."""
    found = list(below(address))
    for each in found:
        remove(each)
    if not address.startswith("s3://"):
        import shutil

        shutil.rmtree(address, ignore_errors=True)
    return len(found)


def opened(address: str) -> tuple[Any, str]:
    """The file system of an address as PyArrow has it, and the path on it."""
    return _at(address)


def _at(address: str) -> tuple[Any, str]:
    if address.startswith("s3://"):
        return _kept_s3(), address.removeprefix("s3://")
    return _local(), address.removeprefix("file://")


@cache
def _local() -> Any:
    from pyarrow.fs import LocalFileSystem

    return LocalFileSystem()


def s3() -> Any:
    """S3-compatible storage, reached by the usual `AWS_*` variables as they are now."""
    from pyarrow.fs import S3FileSystem

    at, endpoint = os.environ, urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    return S3FileSystem(
        access_key=at.get("AWS_ACCESS_KEY_ID"),
        secret_key=at.get("AWS_SECRET_ACCESS_KEY"),
        session_token=at.get("AWS_SESSION_TOKEN"),
        region=at.get("AWS_REGION") or at.get("AWS_DEFAULT_REGION") or "us-east-1",
        scheme=endpoint.scheme or None,
        endpoint_override=endpoint.netloc or None,
    )


_kept_s3 = cache(s3)
