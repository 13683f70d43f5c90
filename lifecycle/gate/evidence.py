"""The numbers that the gate looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.gate.findings import BehaviourFound, GroupDifference, TooGood, WorstSlice
from lifecycle.gate.looks import Look


@dataclass(frozen=True)
class Difference:
    """What a challenger gains over something else on the same rows: positive is better, for scores and for errors.

    `low` and `high` are `None` where the rows can give no interval.
    """

    value: float
    low: float | None
    high: float | None
    confidence: float
    visible: float | None = None
    """The smallest true gain that would have been shown in four of five cases (`Interval.visible`)."""

    @property
    def plain(self) -> dict[str, Any]:
        """Its numbers, as JSON can hold them."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:+.4g} (no interval)"
        return f"{self.value:+.4g} [{self.low:+.4g}, {self.high:+.4g}] at {self.confidence:.4g} confidence"


@dataclass(frozen=True)
class Comparison:
    """The challenger beside the champion on the newest labelled rows that neither has seen."""

    champion: int
    rows: int
    """How many such rows there are."""
    look: Look
    """Which look at these rows this is: the confidence of the interval depends on it."""
    difference: Difference | None
    """`None` where there are too few rows, or the metric is undefined on them."""
    obstacle: str = ""
    """Why the champion could not be asked, where it could not."""
    refitted: bool = False
    """Whether both recipes were refitted in the same folds (small data), so that every row is one that neither saw."""
    minority: int | None = None
    """How many of these rows are of the class that is short (`Kind.minority`); `None`: there are no classes."""
    days: int | None = None
    """How many days these rows are from; `None`: they have no time."""


@dataclass(frozen=True)
class GateEvidence:
    """Every number that the gate looks at."""

    metric: str
    holdout: Mapping[str, float]
    rows: int
    """Of the gate's part, or of the cross-validation."""
    cross_validated: bool
    overfit: float | None
    """The gap between train and gate as a share of the gain over the constant in training."""
    constant: Difference | None
    linear: Difference | None
    slice: WorstSlice | None
    unfair: Mapping[str, GroupDifference]
    """By sensitive column, the largest difference in true-positive rate."""
    last: Difference | None = None
    """Over the last known label, where rows have an order,"""
    season: str = ""
    """of which season, where that is the better baseline."""
    too_good: TooGood | None = None
    """Where the score is too good to be true, and no champion with such a one was let through before."""
    deployed: Difference | None = None
    """Of the deployed fit over the judged one, on rows that the deployed one has been fitted on."""
    minority: int | None = None
    """Of the judged rows, as in `Comparison`."""
    days: int | None = None
    """Of the judged rows, as in `Comparison`."""
    all_days: int | None = None
    """How many days the rows of all parts reach over."""
    plainest: bool = False
    """Whether it is of the plainest family of the definition."""
    behaviours: tuple[BehaviourFound, ...] = ()
    """What it shows of each behaviour of the definition."""
    blocked: str = ""
    """Why this version may not be promoted automatically any more."""
