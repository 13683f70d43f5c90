"""The log of the service: one JSON object a line, without inputs, keys or messages that could quote them."""

import atexit
import datetime as dt
import logging
import os
import sys
import threading
import time
import traceback
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import orjson

from lifecycle.prediction_log import cooperative

SIZE, KEPT = 10_000_000, 20
"""A file is begun anew at so many bytes; so many files are kept, of all workers together."""
MAX_LINES_WAITING = 50_000
"""Lines that may wait; what comes beyond them is left out, and counted."""
PATH = 200
"""Characters of a path that a line shows."""
PAUSE_SECONDS = 0.5
"""Seconds in which lines gather: to wake a thread for each would cost more than the line."""


class Visited(Protocol):
    """What a line says of a request."""

    path: str
    method: str
    id: str
    client: str
    status: int


class Log(QueueHandler):
    """Takes requests and log records, to be written in a thread of its own. Whoever configures logging anew may close it: that ends nothing.

    Args:
        folder: where the files go; `None` writes to stderr.
    """

    def __init__(self, folder: Path | None) -> None:
        self.waiting: SimpleQueue[Any] = SimpleQueue()
        super().__init__(self.waiting)
        self.setLevel(logging.INFO)
        self.lost, self._lines = 0, Lines(self, folder)
        self._lines.start()
        atexit.register(self.end)

    def request(self, visit: Visited, seconds: float) -> None:
        """A request has been answered. What waits to be written is short, whatever the client asked for."""
        visit.path = visit.path[:PATH]
        self.enqueue((time.time(), visit, seconds))

    def enqueue(self, record: Any) -> None:
        """Queue a line."""
        if self.waiting.qsize() < MAX_LINES_WAITING:
            self.waiting.put(record)
        else:
            self.lost += 1

    def prepare(self, record: logging.LogRecord) -> dict[str, Any]:
        """A log record as a line: its message, and of an exception the kind and the places, not the text."""
        line: dict[str, Any] = {
            "time": _moment(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: record.__dict__[name] for name in ("request_id", "path", "facts") if name in record.__dict__}
        if record.exc_info and record.exc_info[1]:
            line["exception"] = type(record.exc_info[1]).__name__
            line["at"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(record.exc_info[2])][-12:]
        return line

    def end(self) -> None:
        """Write what waits, and stop."""
        atexit.unregister(self.end)
        self._lines.stop()


class Lines(QueueListener):
    """Writes what is queued, many lines at once."""

    def __init__(self, log: Log, folder: Path | None) -> None:
        super().__init__(log.waiting)
        self._log, self._folder, self._file, self._ending = log, folder, None, threading.Event()

    def handle(self, record: Any) -> None:
        """Write a line, and all that come within a moment."""
        self._ending.wait(PAUSE_SECONDS)
        waiting = [record, *(self.dequeue(False) for _ in range(self._log.waiting.qsize()))]
        lines = [line for line in waiting if line is not None]
        if len(lines) < len(waiting):  # among them was the sign to end
            self.enqueue_sentinel()
        self._write(b"".join(_text(line) + b"\n" for piece in cooperative.pieces(lines) for line in piece))

    def stop(self) -> None:
        """Write what waits, and stop."""
        self._ending.set()
        super().stop()
        if self._file is not None:
            self._file.close()

    def _write(self, data: bytes) -> None:
        try:
            if self._folder is None:
                sys.stderr.buffer.write(data)
                sys.stderr.buffer.flush()
                return
            if self._file is None or self._file.tell() > SIZE:
                self._begin(self._folder)
            assert self._file
            self._file.write(data)
            self._file.flush()
        except (OSError, ValueError):
            self._log.lost += data.count(b"\n")  # a full disk must not end the service

    def _begin(self, folder: Path) -> None:
        if self._file is not None:
            self._file.close()
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(folder.glob("http-*.jsonl"), key=lambda path: path.stat().st_mtime)
        for path in old[: max(len(old) - KEPT + 1, 0)]:
            path.unlink(missing_ok=True)
        self._file = (folder / f"http-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{os.getpid()}.jsonl").open("ab")


def _text(line: Any) -> bytes:
    return orjson.dumps(line if isinstance(line, dict) else _visited(*line), default=str)


def _visited(moment: float, visit: Visited, seconds: float) -> dict[str, Any]:
    return {
        "time": _moment(moment),
        "level": "info" if visit.status < 500 else "error",
        "request_id": visit.id,
        "client": visit.client,
        "method": visit.method,
        "path": visit.path,
        "status": visit.status,
        "ms": round(seconds * 1000, 3),
    }


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
