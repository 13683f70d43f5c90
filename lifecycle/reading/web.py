"""Requests to http(s) servers: what is sent to one server is not sent on to another, wherever it sends us."""

import urllib.error
import urllib.request
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lifecycle.errors import LifecycleError

PORTS = {"http": 80, "https": 443}
OURS = ("Accept-encoding", "User-agent")
"""Headers that say nothing of who asks."""


class Elsewhere(LifecycleError):
    """A server sends us on to another one, and that is not allowed."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect; beyond its scheme, host or port with none of the headers that were given for the first server."""

    def __init__(self, leave: bool) -> None:
        self.leave = leave
        self.left = ""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> urllib.request.Request | None:
        """The next request; Python's own would repeat every header to whoever is named."""
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is None or _origin(req.full_url) == _origin(following.full_url):
            return following
        self.left = origin_of(following.full_url)
        if not self.leave:
            raise Elsewhere(self.left)
        following.headers = {name: value for name, value in following.headers.items() if name in OURS}
        following.unredirected_hdrs.clear()
        return following


def opened(request: urllib.request.Request, wait: float, *, leave: bool = True) -> Any:
    """The answer to a request, to be closed. Only http and https are spoken, also where a redirect leads.

    Args:
        request: with the headers that are meant for the server of its address, and for no other.
        wait: seconds for an answer.
        leave: whether a redirect to another server is followed at all.

    Raises:
        urllib.error.HTTPError: the server refuses; `elsewhere` of it is where it had sent us, empty: nowhere.
        Elsewhere: it sends us to another server, and `leave` is false.
    """
    redirects = _Redirects(leave)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        redirects,
    ):
        opener.add_handler(handler)
    if _scheme(request) not in PORTS:
        raise ValueError(f"{_scheme(request)}:// is not spoken here")
    try:
        return opener.open(request, timeout=wait)
    except urllib.error.HTTPError as error:
        error.elsewhere = redirects.left  # type: ignore[attr-defined]
        raise


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, for a message."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _scheme(request: urllib.request.Request) -> str:
    return urlsplit(request.full_url).scheme.lower()


def _origin(url: str) -> tuple[str, str, int | None]:
    parts: SplitResult = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower().rstrip("."), parts.port or PORTS.get(scheme)
