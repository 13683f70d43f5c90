"""The outermost layer of the service: what every request passes on its way in, and every answer on its way out."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.http.encoding import NAMES, Unreadable, inflated, plain, taken
from app.http.keys import ApiKeyAuth
from app.http.limits import IN_FLIGHT, Hosts, Limits, Origins, Rates
from app.http.logs import Log
from app.http.metrics import Metrics
from app.http.outages import OUTAGES, RETRY_AFTER, WHY, note
from app.http.responses import Receive, Scope, Send

OPEN = frozenset({"/ask", "/live", "/ready", "/docs", "/openapi.json", "/favicon.ico"})
"""Paths that ask for no key: they say nothing of data, models or traffic. So do those under /page/. Pages (`app.http.report`) see to the key themselves."""
ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
# Starlette's own middleware would answer outside of this layer, before `Host` is checked and without a line or a count.
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type, x-api-key, x-request-id, authorization"),
    (b"access-control-max-age", b"600"),
]
log = logging.getLogger("lifecycle.http")


class Rejected(Exception):
    """A request that goes no further: its status, why, and what else the answer says."""

    def __init__(self, status: int, why: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        super().__init__(why)
        self.status, self.why, self.headers = status, why, headers or []


@dataclass
class RequestContext:
    """One request on its way."""

    path: str
    method: str
    id: str
    origin: bytes | None
    client: str
    status: int = 0
    began: bool = False


class Guard:
    """Passes what may pass to the application, and writes one line and one count for each request.

    In this order: `Host`, `Origin`, key, rate, the size of the body and the time it takes. Whatever goes wrong inside is a
    500 with the id of the request and nothing else; its traceback goes to the log.
    """

    def __init__(
        self,
        app: Any,
        *,
        door: ApiKeyAuth,
        hosts: Hosts,
        origins: Origins,
        limits: Limits,
        metrics: Metrics,
        requests: Log,
        page: Callable[[str], bool],
    ) -> None:
        self._app, self._page = app, page
        self._door, self._hosts, self._origins, self._limits = door, hosts, origins, limits
        self._rates, self._metrics, self._log = Rates(limits.rate), metrics, requests
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; other kinds of connections are none of ours."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        name = given.decode() if ID.fullmatch(given) else uuid.uuid4().hex
        visit = RequestContext(scope["path"], scope["method"], name, headers.get(b"origin"), (scope.get("client") or ("unknown",))[0])
        answer = Answering(send, visit, self._origins)
        try:
            self._check(visit, headers)
            await self._pass(visit, scope, headers, receive, answer)
        except Rejected as turned:
            await _say(answer, turned.status, turned.why, turned.headers)
        except asyncio.CancelledError:
            raise
        except OUTAGES as error:
            if not visit.began:
                note(scope, error)
                await _say(answer, 503, WHY, [RETRY_AFTER])
        except Exception as error:
            log.error("request failed", extra={"request_id": visit.id, "path": visit.path[:200]}, exc_info=error)
            if not visit.began:
                await _say(answer, 500, "the service failed at this; its log says why")
        finally:
            seconds = time.perf_counter() - began
            self._metrics.answered(visit.path, visit.method, visit.status, seconds)
            self._log.request(visit, seconds)

    def _check(self, visit: RequestContext, headers: Mapping[bytes, bytes]) -> None:
        """Whether somebody may ask this at all."""
        if not self._hosts.allow(headers.get(b"host", b"")):
            raise Rejected(400, "the Host of the request is none of this service's names; LIFECYCLE_ALLOWED_HOSTS lists them")
        if not self._origins.allow(headers):
            raise Rejected(403, "pages of this origin may not call the service; LIFECYCLE_CORS_ORIGINS lists those that may")
        if visit.method == "OPTIONS" and visit.origin is not None and b"access-control-request-method" in headers:
            raise Rejected(204, "", PREFLIGHT if self._origins.shared(visit.origin) else [])
        if self._door.required and not (visit.path in OPEN or visit.path.startswith(("/page/", "/static-offline-docs/"))):
            caller = self._door.who(headers)
            if caller is None and not (visit.method in ("GET", "HEAD") and self._page(visit.path)):
                raise Rejected(401, "a valid key is needed in the header X-API-Key; 'lifecycle keys add NAME' makes one")
            visit.client = caller or visit.client
        if self._rates.rate and visit.path not in ("/live", "/ready") and (wait := self._rates.wait(visit.client)):
            raise Rejected(429, f"{self._rates.rate:g} requests a second are allowed to a client", [(b"retry-after", str(int(wait) + 1).encode())])

    async def _pass(self, visit: RequestContext, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        """Read the body, which must be small enough and come soon enough; then let the application answer."""
        if visit.method in ("GET", "HEAD") and b"content-length" not in headers and b"transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        self._admit(headers)
        body, inner = bytearray(), bytearray()
        try:
            first = await self._body(receive, body)
            if first["type"] == "http.disconnect":
                visit.status = 499  # nobody is there to be answered
                return
            content = bytes(body) if body else first.get("body", b"")
            if b"content-encoding" in headers and content:
                content = await self._inflated(headers[b"content-encoding"], content, inner)
            messages = [{"type": "http.request", "body": content, "more_body": False}]

            async def replayed() -> Any:
                return messages.pop() if messages else await receive()

            await self._app(scope, replayed, send)
        finally:
            self._held -= len(body) + len(inner)

    def _admit(self, headers: Mapping[bytes, bytes]) -> None:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._limits.body:
            raise self._large()
        if not taken(encoding := headers.get(b"content-encoding", b"")):
            said = encoding.decode("latin-1")[:60]
            why = f"the header Content-Encoding says {said!r}, and a body may be compressed with gzip or deflate or not at all; send it so"
            raise Rejected(415, why, [(b"accept-encoding", NAMES), (b"connection", b"close")])

    async def _inflated(self, encoding: bytes, content: bytes, inner: bytearray) -> bytes:
        """What a compressed body holds, which is no more than any body may."""
        if plain(encoding):
            return content
        try:
            async for piece in inflated(encoding, content):
                self._take(inner, piece)
        except Unreadable as error:
            raise Rejected(400, f"the body is not compressed as its header Content-Encoding says ({error}); send it again") from None
        return bytes(inner)

    def _take(self, body: bytearray, part: bytes) -> None:
        if len(body) + len(part) > self._limits.body:
            raise self._large()
        if self._held + len(part) > self._limits.body * IN_FLIGHT:
            raise Rejected(429, "too many large requests at once; send this again", [(b"retry-after", b"1"), (b"connection", b"close")])
        self._held += len(part)
        body += part

    async def _body(self, receive: Receive, body: bytearray) -> Any:
        """The first message, or all of them in `body` where there are several."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                message = await receive()
                if not message.get("more_body"):
                    return message
                while True:
                    self._take(body, message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        return message
                    message = await receive()
        except TimeoutError:
            raise Rejected(408, f"the request took longer than {self._limits.seconds:g} s to arrive", [(b"connection", b"close")]) from None

    def _large(self) -> Rejected:
        why = f"a body may have {self._limits.body / 1e6:g} MB; send the rows in several requests"
        return Rejected(413, why, [(b"connection", b"close")])


class Answering:
    """`send`, with what every answer carries; the body of an inner 500 is replaced by ours.

    No closure: one that calls itself is garbage that only a search finds, and there would be one for each request.
    """

    def __init__(self, send: Send, visit: RequestContext, origins: Origins) -> None:
        self._send, self._visit, self._origins = send, visit, origins

    async def __call__(self, message: Any) -> None:
        """One message of the answer."""
        visit = self._visit
        if message["type"] == "http.response.start":
            visit.status = message["status"]
            if visit.status != 500 or message.get("ours"):
                visit.began = True
                if visit.status == 503 and not any(name.lower() == b"retry-after" for name, _ in message.get("headers", ())):
                    message["headers"] = [*message.get("headers", ()), RETRY_AFTER]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", visit.id.encode()), *SAFE, *self._origin()]
                await self._send(message)
        elif visit.began:
            await self._send(message)
        elif not message.get("more_body"):
            await _say(self, 500, "the service failed at this; its log says why")

    def _origin(self) -> list[tuple[bytes, bytes]]:
        origin = self._visit.origin
        if origin is None or not self._origins.shared(origin):
            return []
        return [(b"access-control-allow-origin", origin), (b"vary", b"origin"), (b"access-control-expose-headers", b"x-request-id")]


async def _say(send: Send, status: int, why: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    body = orjson.dumps({"error": why}) if why else b""
    about = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())] if why else []
    own = [*about, *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": own, "ours": True})
    await send({"type": "http.response.body", "body": body})
