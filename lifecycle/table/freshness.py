"""Whether a batch is like the last ones of its source: as many rows as usual, and newer ones."""

import datetime as dt
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from statistics import median
from typing import TYPE_CHECKING

from lifecycle.dependencies import clock
from lifecycle.dependencies.watched import holds_until
from lifecycle.store.lake import Lake

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_BATCHES = 3
"""So many batches of a source are needed before there is a usual."""
BATCHES_COMPARED = 10
"""The last so many batches say what is usual."""


@dataclass(frozen=True)
class Arrival:
    """What a batch was when it came."""

    came: int
    newest: dt.datetime | None
    """The newest time of its valid rows."""


def alarms(use_case: "UseCase", now: Arrival, before: list[Arrival]) -> list[str]:
    """What is unusual about a batch, one sentence each.

    Args:
        use_case: the definition, with its `arrivals`.
        now: the batch.
        before: the last batches of the same source that were loaded, oldest first.
    """
    found = [*_volume(use_case, now, before), *too_old(use_case, now.newest)]
    moved = [later.newest > earlier.newest for earlier, later in pairwise(before) if earlier.newest and later.newest]
    reached = max((each.newest for each in before if each.newest), default=None)
    if now.newest and reached and len(before) >= MIN_BATCHES and moved and all(moved) and now.newest <= reached:
        found.append(
            f"freshness: the newest row of this batch is of {_moment(now.newest)}, the batches before had reached {_moment(reached)} "
            f"and each brought newer rows than the one before it"
        )
    return found


def too_old(use_case: "UseCase", newest: dt.datetime | None) -> list[str]:
    """The alarm for a newest row that is older, now, than the definition allows."""
    limit = use_case.arrivals.age
    if limit is None or newest is None:
        return []
    now = clock.utc()
    age = now - newest
    if age <= limit:
        holds_until(use_case, newest + limit)
        return []
    holds_until(use_case, now)  # the sentence says how long ago
    return [f"freshness: the newest row is of {_moment(newest)}, {_span(age)} ago; at most {_span(limit)} are allowed"]


def before(store: Lake, use_case: "UseCase", source: str) -> list[Arrival]:
    """The last batches of a source that were loaded, oldest first."""
    loaded = store.rows(
        f"""SELECT source, came, newest FROM {use_case.name}.batches
        WHERE (kept > 0 OR duplicates > 0) AND retry IS NOT TRUE ORDER BY batch DESC LIMIT 1000"""
    )
    mine = [Arrival(came, newest) for name, came, newest in loaded if family(name) == family(source)]
    return mine[:BATCHES_COMPARED][::-1]


def family(source: str) -> str:
    """What the batches of one source have in common: of a file its folder and kind, of anything else its text without numbers."""
    if re.fullmatch(r"[^\s(]*\.\w+", source):
        path = PurePosixPath(source)
        return f"{path.parent}/*{''.join(path.suffixes[-2:])}"
    return re.sub(r"\d+", "#", source)


def _volume(use_case: "UseCase", now: Arrival, before: list[Arrival]) -> list[str]:
    if len(before) < MIN_BATCHES:
        return []
    usual = median(each.came for each in before)
    if now.came > use_case.arrivals.volume * usual:
        return []
    return [
        f"volume: {now.came:,} rows came, {usual:,.0f} are usual (the median of the last {len(before)} batches); "
        f"at most {use_case.arrivals.volume:.0%} of that is an alarm"
    ]


def _moment(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _span(span: dt.timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:,.1f} days" if hours >= 48 else f"{hours:,.1f} hours"
