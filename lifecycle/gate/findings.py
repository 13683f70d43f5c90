"""What an evaluation found and the gate looks at, as it is kept in `evaluation.json` and in the verdict's numbers."""

from lifecycle.json_model import JsonModel


class Slice(JsonModel):
    """The rows with one value of a column, and what the deciding metric is there.

    Attributes:
        column, slice: the column, and the value (or the range of values).
        rows: how many.
        enough: whether these are enough to judge by.
        value, low, high: the metric with its interval.
        constant: what the baseline that knows nothing reaches there.
        kept: the model's skill there, as a share of its skill on all rows.
    """

    column: str
    slice: str
    rows: int
    enough: bool
    value: float | None
    low: float | None
    high: float | None
    constant: float | None
    kept: float | None


class WorstSlice(Slice):
    """The slice that keeps least; its interval holds for all slices together.

    Attributes:
        confidence: of the interval.
        looked_at: how many slices it is the worst of.
        kept_at_best: what it keeps at the better end of the interval.
    """

    confidence: float
    looked_at: int
    kept_at_best: float | None


class GroupDifference(JsonModel):
    """The largest difference in a measure between two groups of a sensitive column.

    Attributes:
        verdict: what it shows, in words.
        least: so many rows a group needs, where there are not two groups with enough of them; then the others are `None`.
        between: the group with the highest value, and the one with the lowest.
        value, low, high: the difference with its interval, which is widened for the number of pairs.
        confidence: of the interval.
        clusters: on so many clusters of rows the interval rests.
    """

    verdict: str | None = None
    least: int | None = None
    between: tuple[str, str] | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    clusters: int | None = None


class BehaviourFound(JsonModel):
    """What a model shows of a behaviour that the definition expects (`lifecycle.behaviours`).

    Attributes:
        behaviour: what is expected, as a clause.
        rows: how many were asked about.
        share: of these, how many show it; `None`: no row could.
        least: what that share must be.
        severity: `block` or `warn`.
    """

    behaviour: str
    rows: int
    share: float | None
    least: float
    severity: str

    @property
    def passed(self) -> bool:
        """Whether enough rows show it."""
        return self.share is not None and self.share >= self.least

    def __str__(self) -> str:
        found = "could be tried on no row" if self.share is None else f"holds for {self.share:.1%} of {self.rows:,} rows"
        return f"{self.behaviour}: {found}, {self.least:.1%} needed"


class Telling(JsonModel):
    """Columns, and the deciding metric of a model of these alone; `None`: they only matter most."""

    columns: tuple[str, ...]
    value: float | None


class TooGood(JsonModel):
    """A score that is too good to be true, on how many rows, and the columns that make it so."""

    value: float
    rows: int
    columns: tuple[Telling, ...]

    def __str__(self) -> str:
        shown = " and ".join(" with ".join(each.columns) for each in self.columns)
        if all(each.value is None for each in self.columns):
            return f"no column and no two give it alone, {', '.join(name for each in self.columns for name in each.columns)} matter most"
        return f"a model of {shown} alone has {', '.join(f'{each.value:.4g}' for each in self.columns)}"
