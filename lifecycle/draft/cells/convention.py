"""What one writer does in all columns of a file: the sign before the fraction, and the order of day and month."""

from collections import Counter
from dataclasses import dataclass, field

from lifecycle.draft.cells.cells import MOSTLY
from lifecycle.draft.cells.date_choice import DateEvidence
from lifecycle.draft.cells.number_format import NumberEvidence

USUAL = {",": ".", ";": ","}
"""By the delimiter of a CSV file: the sign before a fraction that goes with it, since it cannot be the same."""


@dataclass(frozen=True)
class Convention:
    """How the writer of a file writes.

    Attributes:
        decimal: the sign before a fraction, as other columns prove it; empty where none does.
        usual: the sign that goes with the source's form; empty where there is none.
        order: `dmy` or `mdy`, as the dates of other columns prove it; empty where none does.
    """

    decimal: str = ""
    usual: str = ""
    order: str = ""


@dataclass
class Votes:
    """What the columns of a file say of how its writer writes: each column has one vote."""

    decimal: Counter[str] = field(default_factory=Counter)
    order: Counter[str] = field(default_factory=Counter)

    def count(self, numbers: NumberEvidence, dates: DateEvidence) -> None:
        """Count a column in."""
        if numbers.numbers >= MOSTLY * numbers.total and (sign := numbers.own):
            self.decimal[sign] += 1
        if order := dates.own:
            self.order[order] += 1

    def convention(self, usual_decimal: str = "") -> Convention:
        """The convention that most columns prove."""
        return Convention(_most(self.decimal), usual_decimal, _most(self.order))


def _most(votes: Counter[str]) -> str:
    ranked = votes.most_common(2)
    return ranked[0][0] if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]) else ""
