"""Which formats the moments of a column are written in, and which of two orders where both could be meant."""

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from lifecycle.draft.cells.cells import MAX_SHARE_QUARANTINED, MOSTLY
from lifecycle.draft.cells.date_format import ZONES, DateFormat, formats
from lifecycle.store.lake import literal

MAX_FORMATS = 4
FIRST_SHARE = 0.3
"""The share of cells that the commonest format must read."""
EVEN, UNEVEN = 0.8, 0.6
"""A reading whose steps are even to so large a share is right, where the other's are so to a smaller one than the second."""
SORTED, UNSORTED = 0.99, 0.96
FEWER_YEARS = 2
"""Of the three numbers that is the year which has so many times fewer values than the others."""
ORDERS = ("dmy", "mdy", "ymd")
FUTURE = frozenset(
    {"expiry", "expires", "expiration", "exp", "due", "valid", "end", "until", "maturity", "planned", "scheduled", "eta", "deadline", "renewal"}
)
"""Words in names of moments that may lie ahead."""


@dataclass
class DateEvidence:
    """What the cells of a column say of how moments are written.

    Attributes:
        total: cells.
        moments: those that can be read as one.
        read: different cells with how often they come, and the formats that can read each.
        only: cells whose three numbers can stand in one order alone, by that order.
    """

    total: int = 0
    moments: int = 0
    read: list[tuple[str, int, tuple[DateFormat, ...]]] = field(default_factory=list)
    only: Counter[str] = field(default_factory=Counter)

    @property
    def own(self) -> str:
        """The order of day and month that the column's own cells prove; empty where none does, or they contradict each other."""
        if self.moments < MOSTLY * self.total:
            return ""
        return next(iter(self.only)) if len(self.only) == 1 else ""


@dataclass(frozen=True)
class DateChoice:
    """The formats of a column.

    Attributes:
        formats: the commonest first.
        why: what broke a tie between two orders; empty where there was none.
        doubt: the readings of one cell, where more than one is possible.
    """

    formats: tuple[DateFormat, ...]
    why: str = ""
    doubt: str = ""


def evidence(values: list[tuple[str, int]]) -> DateEvidence:
    """What texts, each with how often it comes, say of how moments are written."""
    found = DateEvidence()
    for text, count in values:
        found.total += count
        if not text[:1].isalnum() or not (possible := formats(text)):
            continue
        found.moments += count
        found.read.append((text, count, possible))
        orders = {each.order for each in possible} - {""}
        if len(orders) == 1 and len(possible) == 1 and orders <= {"dmy", "mdy"}:
            found.only[orders.pop()] += count
    return found


def choose(found: DateEvidence, order: str, first: list[str]) -> DateChoice | None:
    """The formats that together read most cells, `None` where none do.

    Args:
        found: the evidence.
        order: of day and month, as other columns prove it; empty: they do not.
        first: the first cells in the source's order.
    """
    left, chosen, why, doubt = found.read, [], "", ""
    while left and len(chosen) < MAX_FORMATS:
        counts = Counter[DateFormat]()
        for _, count, possible in left:
            counts.update(dict.fromkeys(possible, count))
        most = max(counts.values())
        if most < (MAX_SHARE_QUARANTINED if chosen else FIRST_SHARE) * found.total:
            break
        tied = sorted((each for each, count in counts.items() if count == most), key=lambda each: (_rank(each.order), each.format))
        best = tied[0]
        if best.order and len(tied) > 1:
            best, why = _untied(tied, order, left, first)
            if why not in (PROVEN, FEWEST):
                doubt = _readings(left, tied, best)
        chosen.append(best)
        left = [each for each in left if best not in each[2]]
    if not chosen:
        return None
    both = {each.order for each in chosen} & {"dmy", "mdy"}
    if len(both) == 2:
        why, doubt = "some cells prove one order of day and month, some the other", _mixed(found)
    return DateChoice(tuple(chosen), why, doubt)


PROVEN, FEWEST = "as other dates of the file prove", "which gives the fewest years"


def _untied(tied: list[DateFormat], order: str, left: list[tuple[str, int, tuple[DateFormat, ...]]], first: list[str]) -> tuple[DateFormat, str]:
    """Of formats that read the same cells the one that makes more sense, and why."""
    same = {each.order: each for each in tied if each.order and each.turned("dmy") == tied[0].turned("dmy")}
    if order in same:
        return same[order], PROVEN
    texts = [text for text, _, possible in left if set(same.values()) <= set(possible)]
    years = {name: len({_day(text, each).year for text in texts}) for name, each in same.items()}
    same = {name: each for name, each in same.items() if years[name] * FEWER_YEARS <= max(years.values()) or years[name] == min(years.values())}
    if len(same) == 1:
        return next(iter(same.values())), FEWEST
    days = {name: sorted({_day(text, each) for text in texts}) for name, each in same.items() if name != "ymd"}
    fixed = [name for name, found in days.items() if len({day.day for day in found}) == 1 and len({day.month for day in found}) > 1]
    if len(fixed) == 1:
        return same[fixed[0]], "since it is the same day of the month throughout"
    even = {name: _evenness(found) for name, found in days.items()}
    if even and max(even.values()) >= EVEN and min(even.values()) <= UNEVEN:
        return same[max(even, key=lambda name: even[name])], "since its steps are even then"
    cells = [text for text in first if all(each in formats(text) for each in same.values())]
    inorder = {name: _sortedness([_day(text, each) for text in cells]) for name, each in same.items() if name != "ymd"}
    if len(cells) > 20 and inorder and max(inorder.values()) >= SORTED and min(inorder.values()) < UNSORTED:
        return same[max(inorder, key=lambda name: inorder[name])], "since the rows are in order then"
    if "mdy" in same and same["mdy"].clock and "%p" in same["mdy"].format:
        return same["mdy"], "since its clock has twelve hours"
    usual = next((same[name] for name in ORDERS if name in same), tied[0])
    return usual, "since nothing decides"


def _rank(order: str) -> int:
    return ORDERS.index(order) if order in ORDERS else -1


def _day(text: str, each: DateFormat) -> dt.date:
    """The day of a text whose date is three numbers."""
    numbers = dict(zip(each.order, (int(number) for number in re.findall(r"\d+", text)[:3]), strict=True))
    year = numbers["y"] if numbers["y"] > 99 else numbers["y"] + (1900 if numbers["y"] > 68 else 2000)
    return dt.date(year, numbers["m"], min(numbers["d"], 28)) if numbers["d"] > 28 else dt.date(year, numbers["m"], numbers["d"])


def _evenness(days: list[dt.date]) -> float:
    """The share of the commonest step between days, months counted as one step."""
    if len(days) < 5:
        return 0.0
    steps = Counter(_step(before, after) for before, after in pairwise(days))
    return max(steps.values()) / (len(days) - 1)


def _step(before: dt.date, after: dt.date) -> str:
    if before.day == after.day:
        return f"{(after.year - before.year) * 12 + after.month - before.month} months"
    return f"{(after - before).days} days"


def _sortedness(days: list[dt.date]) -> float:
    """The share of neighbours that are in order, upwards or downwards."""
    pairs = [(before, after) for before, after in pairwise(days)]
    if not pairs:
        return 0.0
    return max(sum(before <= after for before, after in pairs), sum(before >= after for before, after in pairs)) / len(pairs)


def _readings(left: list[tuple[str, int, tuple[DateFormat, ...]]], tied: list[DateFormat], best: DateFormat) -> str:
    """Both readings of one cell, the chosen first."""
    others = [each for each in tied if each != best and each.order and each.turned("dmy") == best.turned("dmy")]
    for text, _, possible in left:
        readings = [_day(text, each) for each in (best, *others) if each in possible]
        if len(set(readings)) > 1:
            return f"'{text}' is read as {readings[0]:%-d %B %Y}; it could also be {next(day for day in readings if day != readings[0]):%-d %B %Y}"
    return ""


def _mixed(found: DateEvidence) -> str:
    shown = {}
    for text, _, possible in found.read:
        orders = {each.order for each in possible}
        if len(possible) == 1 and orders <= {"dmy", "mdy"}:
            shown.setdefault(next(iter(orders)), text)
    return " and ".join(
        f"'{text}' can only be {'day before month' if order == 'dmy' else 'month before day'}" for order, text in sorted(shown.items())
    )


def sql(text: str, chosen: tuple[DateFormat, ...]) -> str:
    """SQL for the moment, a TIMESTAMP in UTC where a zone is said, that a text holds; `NULL` where it holds none."""
    groups: dict[tuple[bool, bool, str], list[str]] = {}
    for each in chosen:
        groups.setdefault((each.offset, "%n" in each.format, each.zone), []).append(each.format + (f" {each.zone}" if each.zone else ""))
    parts = []
    for (offset, nanoseconds, zone), written in groups.items():
        listing = literal(written[0]) if len(written) == 1 else f"[{', '.join(map(literal, written))}]"
        part = f"try_strptime({text}, {listing})"
        part = f"({part} AT TIME ZONE 'UTC')" if offset else f"{part}::TIMESTAMP" if nanoseconds else part
        if zone and (minutes := _minutes(ZONES[zone])):
            part = f"({part} {'-' if minutes > 0 else '+'} INTERVAL {abs(minutes)} MINUTE)"
        parts.append(part)
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def past(moment: str) -> str:
    """SQL for a moment whose year of two digits is that of the last hundred years."""
    return f"CASE WHEN {moment} > current_date + 1 THEN {moment} - INTERVAL 100 YEAR ELSE {moment} END"


def _minutes(offset: str) -> int:
    return (int(offset[1:3]) * 60 + int(offset[3:])) * (-1 if offset[0] == "-" else 1)
