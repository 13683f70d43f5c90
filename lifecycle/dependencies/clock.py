"""The clock that an answer may depend on: one place to ask, and one to set where the time must not pass by itself."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

_set: list[dt.datetime] = []


def now() -> dt.datetime:
    """This moment, in UTC, with its zone; of a simulated world its own."""
    return _set[-1] if _set else dt.datetime.now(dt.UTC)


def utc() -> dt.datetime:
    """This moment in UTC without a zone, as times stand in the lake."""
    return now().replace(tzinfo=None)


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """Let it be another moment (with a zone) in this process while the block runs: a simulated world has a time of its own."""
    _set.append(moment)
    try:
        yield
    finally:
        _set.pop()
