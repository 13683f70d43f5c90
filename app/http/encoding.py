"""Bodies that come compressed: inflated piece by piece, never beyond what a body may have."""

import asyncio
import zlib
from collections.abc import AsyncIterator

NAMES = b"gzip, deflate"
"""What a client is told that we take."""
PIECE = 1 << 20
"""Bytes that are inflated at a time: others are answered in between."""


class Unreadable(ValueError):
    """A body that is not compressed as it says."""


def taken(encoding: bytes) -> bool:
    """Whether bodies with this `Content-Encoding` are taken."""
    return _named(encoding) in (b"", b"identity", b"gzip", b"x-gzip", b"deflate")


def plain(encoding: bytes) -> bool:
    """Whether it means that nothing is compressed."""
    return _named(encoding) in (b"", b"identity")


async def inflated(encoding: bytes, body: bytes) -> AsyncIterator[bytes]:
    """The content of a body, in pieces of a megabyte at most.

    Raises:
        Unreadable: it is not compressed so, or cut short.
    """
    window = zlib.MAX_WBITS | 16 if _named(encoding) != b"deflate" else zlib.MAX_WBITS if _has_header(body) else -zlib.MAX_WBITS
    stream = zlib.decompressobj(window)
    while not stream.eof:
        try:
            piece = stream.decompress(body, PIECE)
        except zlib.error as error:
            raise Unreadable(str(error)) from None
        if not piece and not stream.eof:
            raise Unreadable("it is cut short")
        body = stream.unconsumed_tail
        yield piece
        await asyncio.sleep(0)
    if stream.unused_data:
        raise Unreadable("something comes after its end")


def _named(encoding: bytes) -> bytes:
    return encoding.strip().lower()


def _has_header(body: bytes) -> bool:
    """Whether a `deflate` has the header that RFC 9110 asks for (zlib's, RFC 1950): some clients leave it out."""
    return len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
