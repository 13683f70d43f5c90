"""A simulated world: what a source would bring on each day of it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle.source import Source


@dataclass(frozen=True)
class World:
    """Days that can be played one after the other.

    Attributes:
        first: the date of day 1; what was before it is day 0.
        delivered: what the source brings at the end of a day: of day 0 all that came before, of each other the rows that are new or have changed,
            such as those whose label became known. It knows nothing of later days.
        changes: what happens to the world, by day, in words.
    """

    first: dt.date
    delivered: "Callable[[int], Source]"
    changes: Mapping[int, str] = field(default_factory=dict)

    def date(self, day: int) -> dt.date:
        """The date of a day."""
        return self.first + dt.timedelta(days=day - 1)

    def end(self, day: int) -> dt.datetime:
        """The moment at which a day is over, in UTC."""
        return dt.datetime.combine(self.date(day + 1), dt.time(), dt.UTC)
