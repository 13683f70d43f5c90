"""The log of what was answered: queued in a microsecond, written to segments by a thread of its own."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lifecycle.answer_schema import Fields
from lifecycle.prediction_log.entries import LogBatch, as_json, frame, schema
from lifecycle.prediction_log.segments import Writer

MAX_ROWS_WAITING = 200_000
"""Rows held in memory while the disk is slow; what comes beyond them is dropped, and counted."""
MAX_BYTES_WAITING = 512_000_000
"""The same for the bytes of the requests that they came with."""
SEGMENT_ROWS = 50_000
"""Rows at which a segment is written before its time."""
log = logging.getLogger("lifecycle.prediction_log")


class PredictionLog:
    """The prediction log of one use case in one process.

    Args:
        folder: where the segments of this use case's predictions go (`lifecycle.prediction_log.segments.place`).
        use_case: its name.
        fields: those of its kind's answers.
        seconds: so often the queue is written out.
        most: rows that may wait in memory.
        encode: what turns a row into JSON text or bytes.
    """

    def __init__(
        self,
        folder: Path,
        use_case: str,
        fields: Fields,
        *,
        seconds: float = 1.0,
        most: int = MAX_ROWS_WAITING,
        encode: Callable[[Any], str | bytes] | None = None,
    ) -> None:
        self.use_case = use_case
        self.dropped = 0
        self.failures = 0
        """Segments that the disk refused; each is tried again."""
        self.rows = 0
        """Rows that are safe."""
        self._fields, self._encode = fields, encode or as_json
        self._writer = Writer(folder)
        self._seconds, self._most = seconds, most
        self._queue: deque[LogBatch] = deque()
        self._sizes: deque[int] = deque()
        self._length = self._bytes = self._told = 0
        self._guard, self._writing = threading.Lock(), threading.Lock()
        self._wake, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name=f"journal {use_case}", daemon=True)
        self._thread.start()

    def append(self, entries: Sequence[Mapping[str, Any]], /, size: int = 0) -> None:
        """Queue answers: their fields, and those of `lifecycle.prediction_log.entries.Entry`; never blocks, never fails. `size`: about how many bytes they are."""
        self._put(entries, len(entries), size)

    def append_frame(self, answers: pl.DataFrame) -> None:
        """Queue many answers at once: their fields and those of an `Entry` as columns, `inputs` JSON text or a struct."""
        self._put(answers, answers.height)

    def room(self, rows: int, /, seconds: float = 5.0) -> None:
        """Wait until so many rows fit, but no longer than some seconds: for who answers many at once, and may wait."""
        end = time.monotonic() + seconds
        while self._length + min(rows, self._most) > self._most and time.monotonic() < end:
            self._wake.set()
            time.sleep(0.01)

    def _put(self, entries: Sequence[Mapping[str, Any]] | pl.DataFrame, rows: int, size: int = 0) -> None:
        with self._guard:
            if self._length + rows > self._most or self._bytes + size > MAX_BYTES_WAITING:
                self.dropped += rows
            else:
                self._queue.append((time.time(), entries))
                self._sizes.append(size)
                self._length += rows
                self._bytes += size
        if self._length >= SEGMENT_ROWS or self._bytes >= MAX_BYTES_WAITING // 4:
            self._wake.set()

    def __len__(self) -> int:
        """Rows that wait in memory: what a kill -9 would lose now."""
        return self._length

    def flush(self) -> bool:
        """Write out what waits. Returns whether it is safe now; if not, it is kept and tried again."""
        with self._writing:
            with self._guard:
                taken, sizes = list(self._queue), list(self._sizes)
                self._queue.clear()
                self._sizes.clear()
            if not taken:
                return True
            rows = self._rows(taken)
            try:
                self._writer.write(rows)
            except Exception as error:  # the disk is full, read-only, gone: the log outlives that
                with self._guard:
                    self._queue.extendleft(reversed(taken))
                    self._sizes.extendleft(reversed(sizes))
                self.failures += 1
                log.error("the prediction log of %s could not be written (%s); %d rows wait", self.use_case, type(error).__name__, self._length)
                return False
            with self._guard:
                self._length -= sum(len(lot) for _, lot in taken)
                self._bytes -= sum(sizes)
            self.rows += rows.height
            return True

    def close(self) -> None:
        """Write out what waits, and stop."""
        self._closed = True
        self._wake.set()
        self._thread.join()
        if not self.flush():
            log.error("the prediction log of %s ends with %d rows that could not be written", self.use_case, self._length)

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(self._seconds)
            self._wake.clear()
            if not self.flush():
                time.sleep(min(self._seconds, 1.0))  # a queue that stays full wakes at once
            if self.dropped > self._told:
                log.error("the prediction log of %s dropped %d rows: the disk is too slow", self.use_case, self.dropped - self._told)
                self._told = self.dropped

    def _rows(self, taken: "list[LogBatch]") -> pl.DataFrame:
        """What was taken as rows; a lot that cannot be one is dropped, and counted: it must not hold up the others."""
        try:
            return frame(taken, self._fields, self._encode)
        except Exception:
            rows = []
        for lot in taken:
            try:
                rows.append(frame([lot], self._fields, self._encode))
            except Exception as error:
                self.dropped += len(lot[1])
                log.error("the prediction log of %s dropped %d rows that are none (%s)", self.use_case, len(lot[1]), type(error).__name__)
        return pl.concat(rows) if rows else pl.DataFrame(schema=schema(self._fields))
