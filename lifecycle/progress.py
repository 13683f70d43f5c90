"""What a run is doing right now, for whoever wants to watch: stages say, listeners hear, nobody has to be there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Event = Literal["start", "note", "done", "cached", "failed"]
"""A stage starts, says how far it is, and ends: done, answered from the cache, or failed."""

Listener = Callable[[str, Event, str], None]

# Of the process, not of a context: tasks run in threads that a context variable would not reach.
_listeners: list[Listener] = []
_begun: list[str] = []


def emit(stage: str, event: Event, text: str = "") -> None:
    """Tell every listener what a stage does: `emit("tune", "note", "trial 3 of 12")`. Any thread may."""
    if event == "start":
        _begun[:] = [stage]
    for listener in tuple(_listeners):
        listener(stage, event, text)


def note(text: str) -> None:
    """Tell how far something is that knows no stage, such as a model that learns: it is told of the stage that began last."""
    if _begun:
        emit(_begun[0], "note", text)


@contextmanager
def subscribe(listener: Listener) -> Iterator[None]:
    """Hear what is said in this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
