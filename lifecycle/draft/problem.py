"""What is asked: the kind of problem, which value of the target counts as 1, and the metric that decides. The kinds say it."""

from dataclasses import dataclass
from typing import Any

from lifecycle import kind as kinds
from lifecycle.draft.columns import ColumnProfile
from lifecycle.errors import DataError
from lifecycle.kind import Kind


@dataclass(frozen=True)
class GuessedProblem:
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
    def kind(self) -> Kind:
        """The kind of problem."""
        return kinds.find(self.problem)

    @property
    def decides(self) -> str:
        """The metric that decides."""
        return self.metric or self.kind.metric

    @property
    def smallest(self) -> int:
        """Rows of the rarest class."""
        return min((count for _, count in self.classes), default=0)

    @property
    def share(self) -> float:
        """The share of the positive class of a binary problem."""
        total = sum(count for _, count in self.classes)
        return dict(self.classes).get(self.positive, 0) / total if total else 0.0


@dataclass(frozen=True)
class Level:
    """A number of a target that may move in the course of time.

    Attributes:
        sql: of a row of the table `clean`, its parameters as `$1`.
        parameters: of the SQL.
        words: what its mean is called.
        share: whether the mean is a share, of which a fifth is much; else a fifth of the spread is.
    """

    sql: str
    parameters: tuple[Any, ...]
    words: str
    share: bool = False


def names() -> list[str]:
    """The names of all kinds of problem."""
    return kinds.names()


def wanted(name: str) -> Kind:
    """The kind of problem that was asked for.

    Raises:
        DataError: there is none of this name.
    """
    if name not in kinds.names():
        raise DataError(f"--problem is one of {', '.join(kinds.names())}, found '{name}'")
    return kinds.find(name)


def ask(target: ColumnProfile, wanted: str = "") -> GuessedProblem:
    """The question that a target poses.

    Raises:
        DataError: it has one value, too many, or none that the wanted kind of problem could be about.
    """
    if wanted and not kinds.find(wanted).target_type:
        raise DataError(f"a {wanted} has no target; leave --target '{target.came}' away")
    if target.distinct < 2:
        only = f"the value {target.tops[0][0]!r} alone" if target.tops else "no value at all"
        raise DataError(f"the target '{target.came}' has {only}; a target needs two values at least: choose another column, or bring other rows")
    kind, why = _guess(target)
    if wanted and wanted != kind.name:
        kind, why = kinds.find(wanted), "is what you ask of"
    if refusal := kind.refusal(target):
        raise DataError(refusal)
    if target.moment:
        raise DataError(f"the target '{target.came}' is a time; predict a number made of it, such as a duration")
    return kind.question(target, why)


def _guess(target: ColumnProfile) -> tuple[Kind, str]:
    """The kind that a target looks like, and why."""
    looked = sorted((kind for name in kinds.names() if (kind := kinds.find(name)).guessed), key=lambda kind: -kind.guessed)
    return next((each, why) for each in looked if (why := each.looks_like(target)))
