"""The log of the service: one JSON object a line, without inputs, keys or messages that could quote them."""

import atexit
import datetime as dt
import logging
import os
import sys
import threading
import time
import traceback
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import orjson

from lifecycle.journal import beside

SIZE, KEPT = 10_000_000, 20
"""A file is begun anew at so many bytes; so many files are kept, of all workers together."""
MOST = 50_000
"""Lines that may wait; beyond them the oldest are left out, and counted."""
PATH = 200
"""Characters of a path that a line shows."""
PAUSE = 0.5


class Visited(Protocol):
    """What a line says of a request."""

    path: str
    method: str
    id: str
    client: str
    status: int


class Log:
    """Takes requests and log records, and writes them in a thread of its own.

    Args:
        folder: where the files go; `None` writes to stderr.
    """

    def __init__(self, folder: Path | None) -> None:
        self.records = Records(self)
        """The handler to be added to a logger."""
        self._folder, self._file = folder, None
        self._lines: deque[Any] = deque(maxlen=MOST)
        self.lost = 0
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def request(self, visit: Visited, seconds: float) -> None:
        """A request has been answered. What waits to be written is short, whatever the client asked for."""
        visit.path = visit.path[:PATH]
        self.put((time.time(), visit, seconds))

    def flush(self) -> None:
        """Write what waits."""
        with self._turn:
            waiting = [self._lines.popleft() for _ in range(len(self._lines))]
            lines = [_text(line) for piece in beside.pieces(waiting) for line in piece]
            if lines:
                self._write(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Write what waits, and stop."""
        if not self._stop.is_set():
            self._stop.set()
            self.flush()
            if self._file is not None:
                self._file.close()

    def put(self, line: Any) -> None:
        """Queue a line."""
        if len(self._lines) == MOST:
            self.lost += 1
        self._lines.append(line)

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            self.flush()

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
            self.lost += data.count(b"\n")  # a full disk must not end the service

    def _begin(self, folder: Path) -> None:
        if self._file is not None:
            self._file.close()
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(folder.glob("http-*.jsonl"), key=lambda path: path.stat().st_mtime)
        for path in old[: max(len(old) - KEPT + 1, 0)]:
            path.unlink(missing_ok=True)
        self._file = (folder / f"http-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{os.getpid()}.jsonl").open("ab")


class Records(logging.Handler):
    """Passes log records on to a log. Whoever configures logging anew may close it: that ends nothing."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """A log record: its message, and of an exception the kind and the places, not the text."""
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
        self._log.put(line)


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
