"""What a use case expects of a batch before any row of it is judged: its columns, its size, its age."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Surprises:
    """What happens when a source has other columns than the schema. A missing column is always refused."""

    new: Literal["ignore", "keep", "refuse"] = "ignore"
    """A column that the schema does not know: left out, kept with the row (as JSON in the column `_extra` of `raw`), or refused."""
    changed: Literal["quarantine", "refuse"] = "quarantine"
    """Cells that do not have the declared type: their rows are quarantined, or the whole batch is."""


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """When a batch is unlike the last ones of its source. An alarm is a warning, unless `refuse` says otherwise."""

    volume: float = 0.5
    """At most this share of the usual number of rows is an alarm; 0: never. Usual is the median of the last batches."""
    age: timedelta | None = None
    """How old the newest row may be when it is loaded, by the time column, read as UTC; `None`: any age."""
    refuse: bool = False
    """Whether an alarm refuses the batch: all of it goes into quarantine, until a person loads it again from there."""
