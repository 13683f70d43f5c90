"""Numbers, moments and spans as a reader of a page wants them."""

import datetime as dt

from lifecycle.pages.html import Html, tag


def number(value: float | None, digits: int = 3) -> str:
    """A number to some significant digits, thousands apart; a dash for none."""
    if value is None:
        return "\u2013"
    if isinstance(value, int) or abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value + 0.0:.{digits}g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1g}"


def signed(value: float | None, digits: int = 3) -> str:
    """With its sign; a real minus."""
    return number(value, digits) if value is None else ("+" if value >= 0 else "\u2212") + number(abs(value), digits)


def interval(low: float | None, high: float | None, signs: bool = False) -> str:
    """Its two ends; empty where there are none."""
    if low is None or high is None:
        return ""
    show = signed if signs else number
    return f"{show(low)} to {show(high)}"


def many(count: int, noun: str) -> str:
    """So many of something."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def day(moment: dt.datetime | dt.date) -> str:
    """A day, as people write it."""
    return f"{moment.day} {moment:%b %Y}"


def moment(at: dt.datetime | None) -> Html | str:
    """A moment, to the minute in UTC, for programs to the second."""
    if at is None:
        return "never"
    utc = at.astimezone(dt.UTC) if at.tzinfo else at
    return tag("time", f"{day(utc)}, {utc:%H:%M}", datetime=utc.isoformat(timespec="seconds"))


def ago(since: dt.datetime | None, now: dt.datetime) -> str:
    """How long something has lasted, or how long it is until it is, in one unit."""
    if since is None:
        return ""
    seconds = abs((now - since).total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length * (2 if unit == "day" else 1):
            return many(int(seconds // length), unit)
    return "a moment"
