"""Uvicorn's HTTP protocol with an end to its patience: for headers that do not come, and answers that nobody reads."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lifecycle.settings import settings

HEADERS = 64 * 1024
"""The most bytes of a request before its body."""


class TimeoutProtocol(HttpToolsProtocol):
    """A connection that is closed when its client is too slow, or its headers are too long.

    Uvicorn itself ends only connections that are idle after an answer; a client that sends a header a minute, or does not
    read what it asked for, would hold one for ever.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._arriving: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._sent, self._seconds = 0, settings().client_seconds

    def connection_made(self, transport: Any) -> None:
        """Somebody is there: headers are to follow."""
        super().connection_made(transport)
        self._arriving = self.loop.call_later(self._seconds, self._end)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self.cycle is None or self.cycle.response_complete:  # they are of a request whose headers are not complete
            if self._arriving is None:
                self._arriving, self._sent = self.loop.call_later(self._seconds, self._end), 0
            self._sent += len(data)
        super().data_received(data)
        if self._arriving is not None and self._sent > HEADERS:
            self._end()

    def on_headers_complete(self) -> None:
        """A request can be answered; its body has its own time limit."""
        self._quiet()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._quiet()
        self._read_again()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        super().pause_writing()
        self._leaving = self._leaving or self.loop.call_later(self._seconds, self._end)

    def resume_writing(self) -> None:
        """It has read."""
        self._read_again()
        super().resume_writing()

    def _quiet(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None
        self._sent = 0

    def _read_again(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()
