"""How moments are written: the formats, in `strptime`'s letters, with which a text can be read as a date or a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_MONTH = r"(?P<{0}>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_MONTHS = r"(?P<{0}>january|february|march|april|may|june|july|august|september|october|november|december)"
NAMED = rf"(?:{_MONTHS.format('B')}|{_MONTH.format('b')})"
WEEKDAY = re.compile(r"(?P<A>monday|tuesday|wednesday|thursday|friday|saturday|sunday)|(?P<a>mon|tue|wed|thu|fri|sat|sun)", re.I)
ZONES = {
    "UTC": "+0000", "GMT": "+0000", "WET": "+0000", "WEST": "+0100", "BST": "+0100", "CET": "+0100", "MEZ": "+0100", "CEST": "+0200", "MESZ": "+0200",
    "EET": "+0200", "EEST": "+0300", "MSK": "+0300", "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500", "MST": "-0700", "MDT": "-0600",
    "PST": "-0800", "PDT": "-0700", "AKST": "-0900", "AKDT": "-0800", "HST": "-1000", "JST": "+0900", "KST": "+0900", "AEST": "+1000", "AEDT": "+1100",
    "NZST": "+1200", "NZDT": "+1300",
}  # fmt: skip
"""Names of time zones, and how far each is from UTC."""
_DATES = tuple(
    (re.compile(pattern, re.I), formats)
    for pattern, formats in (
        (r"(?P<Y>\d{4})(?P<s>[-/. ])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})", ("%Y{s}%m{s}%d",)),
        (r"(?P<x>\d{1,2})(?P<s>[-/. ])(?P<y>\d{1,2})(?P=s)(?P<Y>\d{4})", ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y")),
        (r"(?P<x>\d{1,2})(?P<s>[-/.])(?P<y>\d{1,2})(?P=s)(?P<z>\d{2})", ("%d{s}%m{s}%y", "%m{s}%d{s}%y", "%y{s}%m{s}%d")),
        (rf"(?P<d>\d{{1,2}})(?P<s>\. ?|[-/ ]?){NAMED}(?P<t>\.? |[-/.]|, |)(?P<Y>\d{{4}})", ("%d{s}{name}{t}%Y",)),
        (rf"(?P<d>\d{{1,2}})(?P<s>\. ?|[-/ ]?){NAMED}(?P<t>\.? |[-/.]|, |)(?P<z>\d{{2}})", ("%d{s}{name}{t}%y",)),
        (rf"(?P<Y>\d{{4}})(?P<s>[-/ ]){NAMED}(?P<t>[-/ ])(?P<d>\d{{1,2}})", ("%Y{s}{name}{t}%d",)),
        (rf"{NAMED}(?P<s>\.? |-)(?P<d>\d{{1,2}})(?P<t>,? |-)(?P<Y>\d{{4}})", ("{name}{s}%d{t}%Y",)),
        (r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", ("%Y%m%d",)),
        (r"(?P<Y>\d{4})(?P<m>\d{2})(?!\d)", ("%Y%m",)),
        (r"(?P<Y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})", ("%Y{s}%m",)),
        (r"(?P<m>\d{1,2})(?P<s>[-/.])(?P<Y>\d{4})", ("%m{s}%Y",)),
        (rf"{NAMED}(?P<s>\.? |[-/ ])(?P<Y>\d{{4}})", ("{name}{s}%Y",)),
        (rf"(?P<Y>\d{{4}})(?P<s>[-/ ]){NAMED}", ("%Y{s}{name}",)),
        (rf"{NAMED}(?P<s>[-/' ])(?P<z>\d{{2}})", ("{name}{s}%y",)),
    )
)
_CLOCKS = (
    (re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2}):(?P<S>\d{2})(?P<f>[.,]\d{1,9})?(?P<p> ?[ap]m)?", re.I), "%H:%M:%S"),
    (re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2})(?P<p> ?[ap]m)?", re.I), "%H:%M"),
    (re.compile(r"(?P<H>\d{1,2})\.(?P<M>\d{2})\.(?P<S>\d{2})(?P<f>\.\d{1,9})?(?P<p> ?[ap]m)?", re.I), "%H.%M.%S"),
    (re.compile(r"(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})(?P<f>[.,]\d{1,9})?"), "%H%M%S"),
    (re.compile(r"(?P<H>\d{2})(?P<M>\d{2})"), "%H%M"),
    (re.compile(r"(?P<H>\d{1,2})h(?P<M>\d{2})"), "%Hh%M"),
    (re.compile(r"(?P<H>\d{1,2})(?P<p> ?[ap]m)", re.I), "%H"),
)
_ZONE = re.compile(rf"(?P<g> ?)(?:(?P<utc>Z)|(?P<offset>[+-]\d{{2}}(?::?\d{{2}})?)|(?P<name>{'|'.join(sorted(ZONES, key=len, reverse=True))}))")
_GAPS = re.compile(r"T|, | at | - |: ?| +|")


@dataclass(frozen=True)
class DateFormat:
    """One way to read a text as a moment.

    Attributes:
        format: in the letters of `strptime`.
        zone: the name of a time zone that the text ends with, which `strptime` does not know.
    """

    format: str
    zone: str = ""

    @property
    def clock(self) -> bool:
        """Whether it says the time of day."""
        return "%H" in self.format or "%I" in self.format

    @property
    def offset(self) -> bool:
        """Whether it says how far it is from UTC."""
        return "%z" in self.format

    @property
    def short_year(self) -> bool:
        """Whether its year has two digits."""
        return "%y" in self.format

    @property
    def order(self) -> str:
        """`dmy`, `mdy` or `ymd` where the date is three numbers; empty where a name or a year of four digits says which is which."""
        letters = re.findall(r"%([dmyYbB])", self.format)
        found = "".join(letters[:3]).lower()
        return found if found in ("dmy", "mdy") or letters[:3] == ["y", "m", "d"] else ""

    def turned(self, order: str) -> "DateFormat":
        """The same with its three numbers in another order."""
        letters = iter(order.replace("y", "Y" if "%Y" in self.format else "y"))
        return DateFormat(re.sub(r"%[dmyY]", lambda _: f"%{next(letters)}", self.format), self.zone)

    @property
    def said(self) -> str:
        """For a person."""
        return self.format + (f" {self.zone}" if self.zone else "")


def formats(text: str) -> tuple[DateFormat, ...]:
    """The formats with which a text can be read as a moment that somebody may have lived through; none where it is no moment."""
    return tuple(each for each in _of_shape(_shape(text)) if _lived(text, each))


def _shape(text: str) -> str:
    """The text with its digits made alike, so that thousands of cells are looked at once."""
    return re.sub(r"\d", "0", text[:64]).lower() if len(text) <= 64 else ""


@lru_cache(maxsize=4096)
def _of_shape(shape: str) -> tuple[DateFormat, ...]:
    found: list[DateFormat] = []
    for date, rest in _dates(shape):
        for clock, more in _clocks(rest):
            for zone, name, end in _zones(more) if clock else [("", "", more)]:
                if not end or (date.startswith("%a") and re.fullmatch(r" 0000", end)):
                    each = DateFormat(date + clock + zone + (" %Y" if end else ""), name)
                    found += [each] if each not in found else []
    return tuple(found)


def _dates(shape: str) -> Iterator[tuple[str, str]]:
    """The dates that a text begins with: format, and what follows."""
    weekday, start = WEEKDAY.match(shape), ""
    if weekday:
        start = "%A" if weekday["A"] else "%a"
        gap = re.match(r",? +|\. ", shape[weekday.end() :])
        if not gap:
            return
        start += gap[0]
        shape = shape[weekday.end() + gap.end() :]
        ctime = re.match(rf"{NAMED}( +)(\d{{1,2}})(?= )", shape, re.I)
        if ctime:
            yield from ((f"{start}{name} %d", shape[ctime.end() :]) for name in _names(ctime.groupdict()))
    for pattern, written in _DATES:
        if found := pattern.match(shape):
            if shape[found.end() : found.end() + 1].isdigit() and "%Y%m%d" not in written:
                continue
            parts = found.groupdict()
            yield from (
                (start + each.format(s=parts.get("s") or "", t=parts.get("t") or "", name=name), shape[found.end() :])
                for each in written
                for name in (_names(parts) if "{name}" in each else ("",))
            )


def _names(parts: dict[str, str | None]) -> tuple[str, ...]:
    """The letters for the name of a month; May is short and long."""
    return ("%b", "%B") if parts.get("B") == "may" else ("%B",) if parts.get("B") else ("%b",)


def _clocks(rest: str) -> Iterator[tuple[str, str]]:
    """The clocks that follow a date: format with what parts it from the date, and what follows."""
    yield "", rest
    gap = _GAPS.match(rest.upper().replace(" AT ", " at "))
    if not rest or gap is None:
        return
    between = rest[: gap.end()]
    for pattern, written in _CLOCKS:
        if not (found := pattern.match(rest[gap.end() :])):
            continue
        parts, clock = found.groupdict(), written
        if ("%H%M" in written and not between.strip(" ")) and between != "" and written != "%H%M%S":
            continue
        if parts.get("f"):
            clock += parts["f"][0] + ("%n" if len(parts["f"]) > 7 else "%f")
        if parts.get("p"):
            clock = clock.replace("%H", "%I") + (" %p" if parts["p"].startswith(" ") else "%p")
        yield (between.upper() if between == "t" else between) + clock, rest[gap.end() + found.end() :]


def _zones(rest: str) -> Iterator[tuple[str, str, str]]:
    """The time zones that follow a clock: format, the name of a zone, and what follows."""
    yield "", "", rest
    found = _ZONE.match(rest.upper())
    if found:
        gap, end = found["g"], rest[found.end() :]
        if found["utc"]:
            yield f"{gap}Z", "", end
        elif found["offset"]:
            yield f"{gap}%z", "", end
        else:
            yield "", found["name"], end


def _lived(text: str, each: DateFormat) -> bool:
    """Whether its numbers can be a day; between 1900 and 2100, where it could be any number."""
    numbers = iter(int(number) for number in re.findall(r"\d+", _apart(text, each)))
    for letter in re.findall(r"%([a-zA-Z])", each.format):
        if letter in "aAbBpzfn":
            continue
        number = next(numbers, -1)
        low, high = {
            "Y": (1900, 2100) if "%Y%m" in each.format else (1, 9999),
            "m": (1, 12),
            "d": (1, 31),
            "H": (0, 23),
            "I": (1, 12),
            "M": (0, 59),
            "S": (0, 59),
            "y": (0, 99),
        }[letter]
        if not low <= number <= high:
            return False
    return True


def _apart(text: str, each: DateFormat) -> str:
    """The text with blanks between numbers that stand together, without fractions of seconds."""
    if "%Y%m" in each.format and "%Y%m%d" not in each.format:
        return re.sub(r"^(\d{4})(\d{2})$", r"\1 \2", text)
    if "%Y%m%d" in each.format:
        text = re.sub(r"^(\D*)(\d{4})(\d{2})(\d{2})", r"\1\2 \3 \4 ", text)
    if "%H%M" in each.format:
        text = re.sub(r"(?<=[ tT])(\d{2})(\d{2})(\d{2})?(?=\D|$)", r"\1 \2 \3", text)
    return re.sub(r"(\d[:.]\d{2}[:.]\d{2}|\d{2} \d{2} \d{2} ?)[.,]\d+", r"\1", text) if "%f" in each.format or "%n" in each.format else text
