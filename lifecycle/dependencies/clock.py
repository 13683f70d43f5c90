"""The clock that an answer may depend on: one place to ask, and one to set where the time must not pass by itself."""

import datetime as dt


def now() -> dt.datetime:
    """This moment, in UTC, with its zone."""
    return dt.datetime.now(dt.UTC)


def utc() -> dt.datetime:
    """This moment in UTC without a zone, as times stand in the lake."""
    return now().replace(tzinfo=None)
