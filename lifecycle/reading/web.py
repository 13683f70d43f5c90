"""Requests to http(s) servers: what is sent to one server is not sent on to another, wherever it sends us."""

import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    import httpx

PORTS = {"http": 80, "https": 443}
MAX_REDIRECTS = 10


class Elsewhere(LifecycleError):
    """A server sends us on to another one, and that is not allowed."""


class Away(OSError):
    """A server does not answer, or not to the end."""


class Refused(OSError):
    """A server says no: its `answer`, without the body; `elsewhere` is the other server that had sent us to it, empty: none."""

    def __init__(self, answer: "httpx.Response", elsewhere: str) -> None:
        super().__init__(f"answers {answer.status_code} ({answer.reason_phrase})")
        self.answer, self.elsewhere = answer, elsewhere


class NoAddress(ValueError):
    """Nothing can be asked there, or not with these headers."""


@contextmanager
def opened(
    url: str, wait: float, *, method: str = "GET", headers: Mapping[str, str] | None = None, content: bytes | None = None, leave: bool = True
) -> "Iterator[httpx.Response]":
    """The answer of a server, whose body is read in the block. Only http and https are spoken, also where a redirect leads.

    Args:
        url: the address.
        wait: seconds for an answer, and for each piece of it.
        method: as HTTP names it.
        headers: what is meant for the server of the address, and for no other.
        content: what is sent; it is not sent on.
        leave: whether a redirect to another server is followed at all.

    Raises:
        Refused: the server says no.
        Away: it does not answer.
        Elsewhere: it sends us to another server, and `leave` is false.
        NoAddress: the address or a header is none.
    """
    import httpx

    logging.getLogger("httpx").addFilter(_without_addresses)
    left, answer = "", None
    try:
        told = httpx.Headers(headers, encoding="latin-1")
        trusted = _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        with httpx.Client(headers={"Accept-Encoding": "identity"}, verify=trusted, timeout=wait) as client:
            request = client.build_request(method, url, headers=told, content=content)
            found = _sent(client, request)
            for _ in range(MAX_REDIRECTS):
                following = found.next_request
                if following is None or content is not None:
                    break
                if _origin(request.url) != _origin(following.url):
                    told, left = httpx.Headers(), origin_of(str(following.url))
                    if not leave:
                        raise Elsewhere(left)
                client.cookies.clear()  # by which httpx would tell one port of a host what another one said
                request = client.build_request(following.method, following.url, headers=told)
                found = _sent(client, request)
            if not found.is_success:
                raise Refused(found, left)
            answer = found
            yield answer
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeEncodeError) as error:
        raise NoAddress(str(error)) from None
    except httpx.RequestError as error:
        if answer is None:
            raise Away(f"does not answer ({error})") from None
        of = answer.headers.get("Content-Length", "")
        raise Away(f"broke off after {answer.num_bytes_downloaded:,} {f'of {int(of):,} ' if of else ''}bytes") from None


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, for a message."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _origin(url: "httpx.URL") -> tuple[str, str, int | None]:
    return url.scheme, url.host.rstrip("."), url.port


def _sent(client: "httpx.Client", request: "httpx.Request") -> "httpx.Response":
    if request.url.scheme not in PORTS:
        raise NoAddress(f"{request.url.scheme}:// is not spoken here")
    return client.send(request, stream=True)


@cache
def _trusted(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The certificates of this machine or of the environment, as OpenSSL finds them: not those that httpx brings."""
    return ssl.create_default_context()


def _without_addresses(record: logging.LogRecord) -> bool:
    """Leaves the server of an address in httpx's own log: the rest of it may be a secret."""
    if isinstance(record.args, tuple):
        record.args = tuple(origin_of(str(each)) if "://" in str(each) else each for each in record.args)
    return True
