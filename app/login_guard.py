"""What stands before Prefect's and MLflow's servers: they answer their own pages and those who have the login, no web page of another.

A browser sends what any page asks it to, also to this machine. So every request, WebSockets included, must name this server as its
host (else a page could come under a name of its own: DNS rebinding), must not come from a page of another origin, and must have
the login of the home, where it asks for more than the files of the interface.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app import login

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
OPEN = "/open"
"""The page that a printed link leads to: what stands behind its `#` is sent to no server's log."""
MAX_SECRET_BYTES = 1_000
KEPT_SECONDS = 30 * 24 * 3600
"""Seconds that a browser stays logged in to MLflow."""
SCRIPT = """
const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
fetch(location.pathname, {method: "POST", body: secret}).then(async (answer) => {
  if (!answer.ok) throw new Error();
  for (const [name, value] of Object.entries(await answer.json())) localStorage.setItem(name, value);
  location.replace("/");
}).catch(() => {
  document.querySelector("p").textContent = "This link is not the one of this stack. Run 'lifecycle open' for the link that is.";
});
"""
PAGE = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Lifecycle</title><p>Opening ...</p><script>{SCRIPT}</script></html>'
POLICY = (
    f"default-src 'none'; connect-src 'self'; script-src 'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NO_LOGIN = "this needs the login of the stack; 'lifecycle open' prints the link for a browser, and where programs find it"
SAFE = [(b"x-frame-options", b"SAMEORIGIN"), (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


class Hosts:
    """Which `Host` a request may name: this machine's loopback with the right port, and what `LIFECYCLE_ALLOWED_HOSTS` names."""

    def __init__(self, allowed: str, port: int) -> None:
        self._own = {f"{name}:{port}" for name in LOOPBACK}
        self._named = [name.strip().lower() for name in allowed.split(",") if name.strip()]

    def allow(self, host: str) -> bool:
        """Whether a `Host` header is one of ours."""
        return host in self._own or any(self._fits(host, name) for name in self._named)

    def _fits(self, host: str, named: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return bool(name) and (named in ("*", host, name) or (named.startswith("*.") and name.endswith(named[1:])))


@dataclass(frozen=True)
class Rules:
    """What differs between the servers."""

    asks: Callable[[str], bool]
    """Whether a path is answered to those alone who have the login."""
    cookie: bool
    """Whether the cookie that `/open` sets is a login: for an interface that sends no header of its own."""
    stores: Callable[[str], dict[str, str]] = lambda auth: {}
    """What `/open` lets the browser's page keep."""
    sockets: bool = True
    """Whether a WebSocket must bring the login in its handshake; else the application asks for it in the first message."""


PREFECT = Rules(
    asks=lambda path: path.startswith("/api") and path not in ("/api/health", "/api/ready"),
    cookie=False,
    stores=lambda auth: {"prefect-password": base64.b64encode(auth.encode()).decode()},  # where Prefect's pages look for it
    sockets=False,
)
MLFLOW = Rules(asks=lambda path: path not in ("/health", "/version"), cookie=True)


class Guarded:
    """An ASGI application behind the checks."""

    def __init__(self, app: Any, *, auth: str, hosts: Hosts, rules: Rules) -> None:
        self._app, self._auth, self._hosts, self._rules = app, auth, hosts, rules
        self._header = login.header(auth).partition(" ")[2].encode()
        self._cookie = login.cookie(auth)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Given(scope)
        refused = self._refused(given)
        if refused is not None:
            await _say(scope, send, *refused, page=given.navigates)
        elif scope["type"] == "http" and scope["path"] == OPEN:
            await self._open(scope, receive, send)
        else:
            await self._app(scope, receive, _safe(send))

    def _refused(self, given: "Given") -> tuple[int, str] | None:
        """The status and the reason with which a request is turned away."""
        if not self._hosts.allow(given.host):
            return 400, "the Host of the request is none of this server's names; LIFECYCLE_ALLOWED_HOSTS lists them"
        if not given.own:
            return 403, "pages of other origins may not call this server"
        path = given.scope["path"]
        asks = self._rules.sockets if given.scope["type"] == "websocket" else path != OPEN and self._rules.asks(path)
        return (401, NO_LOGIN) if asks and not self._known(given) else None

    def _known(self, given: "Given") -> bool:
        """Whether a request brings the login."""
        scheme, _, credentials = given.one(b"authorization").partition(b" ")
        if scheme.lower() == b"basic" and hmac.compare_digest(credentials.strip(), self._header):
            return True
        name, value = self._cookie
        pairs = (pair.strip().partition(b"=") for line in given.all(b"cookie") for pair in line.split(b";"))
        return self._rules.cookie and any(key == name.encode() and hmac.compare_digest(found, value.encode()) for key, _, found in pairs)

    async def _open(self, scope: Message, receive: Receive, send: Send) -> None:
        """The page of the link, and what it sends: the secret, for which the browser is logged in."""
        if scope["method"] == "GET":
            await _answer(send, 200, PAGE, [(b"content-security-policy", POLICY.encode())], kind="text/html; charset=utf-8")
            return
        told = await _body(receive) if scope["method"] == "POST" else b""
        if not hmac.compare_digest(told, self._auth.partition(":")[2].encode()):
            await _say(scope, send, 403, "this is not the login of this stack; 'lifecycle open' prints the link")
            return
        name, value = self._cookie
        kept = f"{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={KEPT_SECONDS}"
        await _answer(send, 200, json.dumps(self._rules.stores(self._auth)), [(b"set-cookie", kept.encode())])


class Given:
    """What a request says of where it comes from."""

    def __init__(self, scope: Message) -> None:
        self.scope = scope
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.host = self.one(b"host").decode("latin-1").lower()

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for key, value in self._headers if key == name]

    def one(self, name: bytes) -> bytes:
        """The value of a header that may be there once; else nothing."""
        values = self.all(name)
        return values[0] if len(values) == 1 else b""

    @property
    def navigates(self) -> bool:
        """Whether somebody follows a link, in a tab of its own: that reads nothing and changes nothing."""
        safe = self.scope["type"] == "http" and self.scope["method"] in ("GET", "HEAD")
        return safe and (self.one(b"sec-fetch-mode"), self.one(b"sec-fetch-dest")) == (b"navigate", b"document")

    @property
    def own(self) -> bool:
        """Whether no page of another origin is behind it, as far as a browser says: all do so for what changes something."""
        origins, sites = self.all(b"origin"), self.all(b"sec-fetch-site")
        if origins and [one.decode("latin-1").lower() for one in origins] not in ([f"http://{self.host}"], [f"https://{self.host}"]):
            return False
        return all(site in (b"same-origin", b"none") for site in sites) or (self.navigates and not origins)


async def _body(receive: Receive) -> bytes:
    """A short body; nothing where it is long or breaks off."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or len(body) > MAX_SECRET_BYTES:
            return b""
        more = message.get("more_body", False)
    return body


def _safe(send: Send) -> Send:
    """`send`, with the headers that keep a page out of the frames of others."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in SAFE}
            message["headers"] = [*((name, value) for name, value in message.get("headers", ()) if name.lower() not in own), *SAFE]
        await send(message)

    return answer


async def _say(scope: Message, send: Send, status: int, why: str, *, page: bool = False) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before it was accepted: HTTP 403
    elif page:
        await _answer(send, status, f"{why[0].upper()}{why[1:]}.\n", kind="text/plain; charset=utf-8")
    else:
        await _answer(send, status, json.dumps({"detail": why}))


async def _answer(send: Send, status: int, text: str, more: list[tuple[bytes, bytes]] | None = None, kind: str = "application/json") -> None:
    body = text.encode()
    about = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*about, *SAFE, *(more or [])]})
    await send({"type": "http.response.body", "body": body})
