"""Drift of what is asked: the inputs so far, counted into the cells of the champion's profile, off the hot path."""

import json
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from lifecycle.errors import LifecycleError
from lifecycle.monitoring import bins, drift
from lifecycle.prediction_log import cooperative

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifecycle.monitoring.effect import Effect
    from lifecycle.references import ModelVersion
    from lifecycle.serving.loaded_model import LoadedModel

MAX_ROWS_WAITING = 50_000
"""Rows that wait to be counted; what comes beyond them is not part of the comparison."""
NAME = "cells"
Cells = dict[tuple[str, tuple[str, ...]], list[float]]
log = logging.getLogger("lifecycle.drift")


class Answering(Protocol):
    """Who answers for a use case now."""

    served: "LoadedModel | None"


class OnlineDrift:
    """Counts the inputs of one use case since its champion went live.

    Args:
        use_case: its name.
        predictor: where the champion is.
        cells: where the counts are kept, `("cells", (use_case, version, column))`; a dictionary that workers can add up.
        read: an artifact of a version, such as `profile.json`.
    """

    def __init__(self, use_case: str, predictor: Answering, cells: Cells, read: "Callable[[ModelVersion, str], bytes]") -> None:
        self._use_case, self._predictor, self._cells, self._read = use_case, predictor, cells, read
        self._queue: deque[tuple[int, pl.DataFrame]] = deque()
        self._waiting = 0
        self._profile: tuple[int, dict[str, Any] | None] = (-1, None)

    def observe(self, version: int, features: pl.DataFrame) -> None:
        """Inputs that a version was asked about; costs a microsecond."""
        if self._waiting < MAX_ROWS_WAITING:
            self._waiting += features.height
            self._queue.append((version, features))

    def count(self) -> None:
        """Count what has been observed; the work of a thread beside the one that answers."""
        taken = [self._queue.popleft() for _ in range(len(self._queue))]
        self._waiting = 0
        served = self._predictor.served
        profile = self.profile() if taken and served else None
        if served is None or profile is None:
            return
        frames = [frame for version, frame in taken if version == served.number]
        if not frames:
            return
        frame = pl.concat(frames, how="vertical_relaxed")
        for [(name, column)] in cooperative.pieces(list(profile["columns"].items()), 1):
            if name in frame.columns:
                counts = np.bincount(bins.codes(column, frame[name]), minlength=bins.cells(column))
                self._add((self._use_case, str(served.number), name), counts)

    def profile(self) -> dict[str, Any] | None:
        """The champion's profile; `None` where there is none to compare with."""
        served = self._predictor.served
        if served is None:
            return None
        if self._profile[0] != served.number:
            try:
                found = json.loads(self._read(served.version, "profile.json"))
            except LifecycleError as error:
                log.warning("the inputs of %s are not compared: %s", self._use_case, error)
                found = None
            except Exception as error:  # an outage: what is known goes on being said, and the profile is asked for again
                log.warning("the inputs of %s cannot be compared now: %s", self._use_case, type(error).__name__)
                return None
            self._profile = (served.number, found)
            self._forget(served.number)
        return self._profile[1]

    def effects(self, summed: dict[tuple[str, ...], list[float]]) -> "dict[str, Effect]":
        """The effect sizes of the champion's inputs so far, by column, from counts that all workers have added up."""
        profile = self.profile()
        if profile is None:
            return {}
        mine = {labels[2]: counts for labels, counts in summed.items() if labels[:2] == (self._use_case, str(self._profile[0]))}
        return {name: drift.of_counts(profile, name, np.asarray(counts)) for name, counts in mine.items() if name in profile["columns"]}

    def _add(self, labels: tuple[str, ...], counts: np.ndarray) -> None:
        before = self._cells.get((NAME, labels))
        self._cells[NAME, labels] = counts.tolist() if before is None else (np.asarray(before) + counts).tolist()

    def _forget(self, number: int) -> None:
        for series in [each for each in self._cells if each[0] == NAME and each[1][0] == self._use_case and each[1][1] != str(number)]:
            self._cells.pop(series, None)
