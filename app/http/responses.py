"""Answers over ASGI without a framework between: a status, a body of JSON."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson
from starlette.responses import Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
JSON = (b"content-type", b"application/json")
OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def as_json(content: Any) -> bytes:
    """Content as the body of an answer, or as the log keeps it."""
    return orjson.dumps(content, default=str, option=OPTIONS)


class Json(Response):
    """The same for a route of the framework."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return as_json(content)


async def respond(send: Send, status: int, content: Any) -> None:
    """Send one JSON answer."""
    body = as_json(content)
    await send({"type": "http.response.start", "status": status, "headers": [JSON, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


async def read(receive: Receive) -> bytes | None:
    """The whole body of a request; `None` where the client hung up before its end."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    if not message.get("more_body"):
        return message.get("body", b"")
    parts = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
    return b"".join(parts)
