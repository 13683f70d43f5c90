"""What is asked: the kind of problem, which value of the target counts as 1, and the metric that decides."""

from dataclasses import dataclass
from typing import Any

from lifecycle import kind as kinds
from lifecycle.draft.columns import Found
from lifecycle.errors import DataError
from lifecycle.kind import Kind

CLASSES = 10
"""Whole numbers of at most so many values are classes; of more, quantities."""
MOST_CLASSES = 100
RARE = 0.1
"""Below this share of positives the order at the top matters, which the area under the ROC curve hardly sees."""
FAR_OUT = 10.0
"""The kurtosis of a target above which a few rows would decide a squared error."""
YES = (
    "true",
    "yes",
    "y",
    "t",
    "1",
    "positive",
    "pos",
    "bad",
    "fraud",
    "churn",
    "churned",
    "default",
    "malignant",
    "spam",
    "failure",
    "fail",
    "sick",
    "dead",
    "ja",
    "oui",
    "si",
    "да",
)


@dataclass(frozen=True)
class Question:
    """What is asked of a model.

    Attributes:
        problem: the kind of problem.
        why: in a clause.
        metric: the metric that decides; empty: the problem's own.
        positive: of a binary target the value that counts as 1.
        classes: the values of the target with their counts, the commonest first; none of a number.
    """

    problem: str
    why: str
    metric: str = ""
    positive: Any = None
    classes: tuple[tuple[Any, int], ...] = ()

    @property
    def smallest(self) -> int:
        """Rows of the rarest class."""
        return min((count for _, count in self.classes), default=0)

    @property
    def share(self) -> float:
        """The share of the positive class of a binary problem."""
        total = sum(count for _, count in self.classes)
        return dict(self.classes).get(self.positive, 0) / total if total else 0.0


def wanted(name: str) -> Kind:
    """The kind of problem that was asked for.

    Raises:
        DataError: there is none of this name.
    """
    if name not in kinds.names():
        raise DataError(f"--problem is one of {', '.join(kinds.names())}, found '{name}'")
    return kinds.find(name)


def ask(target: Found, wanted: str = "") -> Question:
    """The question that a target poses.

    Raises:
        DataError: it has one value, too many, or none that the wanted kind of problem could be about.
    """
    if wanted and not kinds.find(wanted).target_type:
        raise DataError(f"a {wanted} has no target; leave --target '{target.came}' away")
    if target.distinct < 2:
        only = f"the value {target.tops[0][0]!r} alone" if target.tops else "no value at all"
        raise DataError(f"the target '{target.came}' has {only}; a target needs two values at least: choose another column, or bring other rows")
    problem, why = _kind(target)
    if wanted and wanted != problem:
        problem, why = wanted, "is what you ask of"
    _check(target, problem)
    if problem == "regression":
        far = target.tails > FAR_OUT
        return Question(problem, f"{why}, a few of them far out, which would decide a squared error" if far else why, "mae" if far else "")
    classes = tuple(target.tops)
    if problem == "multiclass":
        return Question(problem, why, "", None, classes)
    positive = _positive(classes)
    share = dict(classes)[positive] / sum(count for _, count in classes)
    return Question(problem, why, "average_precision" if share < RARE else "", positive, classes)


def _kind(target: Found) -> tuple[str, str]:
    if target.distinct == 2:
        return "binary", "has two values"
    if target.type == "str" or (target.type == "int" and target.distinct <= CLASSES and target.distinct < 0.05 * target.rows):
        return "multiclass", f"has {target.distinct} values"
    return "regression", f"is a number of {target.distinct:,} values"


def _check(target: Found, problem: str) -> None:
    if problem == "binary" and target.distinct != 2:
        raise DataError(
            f"a binary problem needs a target of two values, '{target.came}' has {target.distinct:,}; leave --problem away, or make two of them"
        )
    if problem == "regression" and not target.number and target.type != "bool":
        raise DataError(f"a regression needs a number as target, '{target.came}' holds texts such as {target.tops[0][0]!r}; leave --problem away")
    if problem == "multiclass" and target.distinct > (most := min(MOST_CLASSES, (target.rows - target.nulls) // 10)):
        raise DataError(
            f"the target '{target.came}' has {target.distinct:,} values, as classes at most {most} can be learned from {target.rows:,} rows;"
            " choose another column, or put values together"
        )
    if target.moment:
        raise DataError(f"the target '{target.came}' is a time; predict a number made of it, such as a duration")


def _positive(classes: tuple[tuple[Any, int], ...]) -> Any:
    """True, yes, the 1 beside a 0, ...; else the rarer one."""
    if {str(value) for value, _ in classes} == {"1", "2"}:
        return classes[-1][0]
    for word in YES:
        for value, _ in classes:
            if str(value).strip().lower() == word:
                return value
    return classes[-1][0]
