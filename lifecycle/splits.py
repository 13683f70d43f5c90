"""The ways to divide rows into train, tune and gate; `lifecycle.split` carries them out."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Shares:
    """How much of the data goes to each part."""

    train: float = 0.6
    tune: float = 0.2
    gate: float = 0.2


@dataclass(frozen=True)
class TimeSplit(Shares):
    """Oldest rows train, then tune, then gate; `gap` is left out between them: at least the delay of the labels."""

    gap: timedelta = timedelta(0)
    longest: timedelta | None = None
    """The tune and the gate part span at most so long, whatever their shares: what is newer reaches training sooner, and a
    model made after a drift has seen the world as it is now. Empty: as their shares say."""


@dataclass(frozen=True)
class HashSplit(Shares):
    """At random by a hash of the key: a row keeps its part for ever, whatever comes later."""


@dataclass(frozen=True)
class StratifiedSplit(Shares):
    """As `HashSplit`, with the same shares within every class."""


@dataclass(frozen=True)
class GroupSplit(Shares):
    """At random by a hash of the `group` column: no group is on two sides."""


@dataclass(frozen=True)
class ColumnSplit:
    """Its publisher's own split, in the column with the role `split`; `tune` is a share of the training rows."""

    train: str = "train"
    gate: str = "test"
    tune: float = 0.2


Split = TimeSplit | HashSplit | StratifiedSplit | GroupSplit | ColumnSplit
