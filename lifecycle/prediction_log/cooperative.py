"""Work beside the answers of a service: done in short turns, for whoever computes in Python keeps all other threads waiting."""

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

PIECE = 200
"""Things that one turn is for; a few tenths of a millisecond."""
PAUSE_SECONDS = 0.0005
"""Seconds between two turns. Merely offering the turn (`sleep(0)`) is not enough: a waiting thread needs longer than that to wake."""
Thing = TypeVar("Thing")


def pieces(things: Sequence[Thing], size: int = PIECE) -> Iterator[Sequence[Thing]]:
    """Things in pieces of a size, with a pause after each but the last."""
    for start in range(0, len(things), size):
        if start:
            time.sleep(PAUSE_SECONDS)
        yield things[start : start + size]
