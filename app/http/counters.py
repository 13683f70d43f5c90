"""Counts of one worker, and their sum over all workers of a service: each writes its own to a small file that the others read.

Not the multiprocess mode of prometheus_client: its files are memory that is mapped, and a count on a full disk ends the worker (SIGBUS).
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
MAX_SERIES = 2_000
"""So many different series are counted; what clients name must not fill the memory."""
PAUSE_SECONDS = 1.0
Series = tuple[str, tuple[str, ...]]
Probe = Callable[[], Iterable[tuple[str, tuple[str, ...], float]]]


class Counters:
    """Counters, histograms and gauges by name and labels. One thread counts; another may publish.

    Args:
        folder: where the workers of one service meet; `None` where there is one worker.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.counts: dict[Series, float] = {}
        self.spans: dict[Series, list[float]] = {}
        """Of each histogram the count of every bucket, the last without an end, then the sum."""
        self.probes: list[Probe] = []
        """Functions that give gauges as they are now."""
        self._folder = folder
        self._stop = threading.Event()
        if folder is not None:
            threading.Thread(target=self._publish, name="counters", daemon=True).start()

    def add(self, name: str, labels: tuple[str, ...], by: float = 1) -> None:
        """Count."""
        series = (name, labels)
        if series in self.counts or len(self.counts) < MAX_SERIES:
            self.counts[series] = self.counts.get(series, 0) + by

    def observe(self, name: str, labels: tuple[str, ...], seconds: float) -> None:
        """Put a duration into a histogram."""
        series = (name, labels)
        span = self.spans.get(series)
        if span is None:
            if len(self.spans) >= MAX_SERIES:
                return
            span = self.spans[series] = [0.0] * (len(BUCKETS) + 2)
        at = 0
        for edge in BUCKETS:
            if seconds <= edge:
                break
            at += 1
        span[at] += 1
        span[-1] += seconds

    def own(self) -> dict[str, Any]:
        """What this worker has counted."""
        gauges = [[name, labels, value] for probe in self.probes for name, labels, value in probe()]
        return {
            "counts": [[name, labels, value] for (name, labels), value in list(self.counts.items())],
            "spans": [[name, labels, span] for (name, labels), span in list(self.spans.items())],
            "gauges": gauges,
        }

    def all(self) -> list[dict[str, Any]]:
        """What every worker has counted: this one as of now, the others as of a second ago."""
        return [self.own(), *self._others()]

    def close(self) -> None:
        """Publish once more: what was counted stays counted when a worker is replaced."""
        self._stop.set()
        if self._folder is not None:
            self._write(self._folder)

    def _others(self) -> Iterable[dict[str, Any]]:
        for path in self._folder.glob("*.json") if self._folder else ():
            if path.stem != str(os.getpid()):
                with contextlib.suppress(OSError, ValueError):
                    found = orjson.loads(path.read_bytes())
                    if not _lives(int(path.stem)):
                        found["gauges"] = []  # a worker that is gone has counted, and is in no state any more
                    yield found

    def _publish(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            assert self._folder
            self._write(self._folder)

    def _write(self, folder: Path) -> None:
        with contextlib.suppress(OSError):  # a full disk costs the sum, not the service
            folder.mkdir(parents=True, exist_ok=True)
            arriving = folder / f"{os.getpid()}.arriving"
            arriving.write_bytes(orjson.dumps(self.own()))
            arriving.rename(folder / f"{os.getpid()}.json")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, as somebody else
    return True
