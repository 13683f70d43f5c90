"""How far a long stage is, as an artifact that moves: a percentage with a line of text."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from lifecycle.progress import Event, subscribe

COUNTED = re.compile(r"(\d[\d,]*) of (\d[\d,]*)")
LEAST_PAUSE = 2.0  # seconds between two updates: each is a request


@contextmanager
def shown_progress(use_case: str, stage: str) -> Iterator[None]:
    """While the block runs, show what the stage says of its way ("trial 3 of 12") in the Prefect interface."""
    shown = _Shown(f"{use_case.replace('_', '-')}-{stage}-progress", stage)
    with subscribe(shown.hear):
        yield
    shown.end()


class _Shown:
    def __init__(self, key: str, stage: str) -> None:
        self.key, self.stage = key, stage
        self.id: UUID | None = None
        self.last = 0.0

    def hear(self, stage: str, event: Event, text: str) -> None:
        """Take up a note of our stage, where it counts."""
        found = COUNTED.search(text) if stage == self.stage and event == "note" else None
        if not found:
            return
        done, whole = (int(number.replace(",", "")) for number in found.groups())
        share = 100.0 * done / max(whole, 1)
        if share < 100 and time.monotonic() - self.last < LEAST_PAUSE:
            return
        self.last = time.monotonic()
        self._show(share, text)

    def end(self) -> None:
        """A stage that ended is whole, however many steps it left out."""
        if self.id is not None:
            self._show(100.0, "done")

    def _show(self, share: float, text: str) -> None:
        if self.id is None:
            created: Any = create_progress_artifact(progress=share, key=self.key, description=text)
            self.id = created
        else:
            update_progress_artifact(self.id, progress=share, description=text)
