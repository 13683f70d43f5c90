"""What a draft decides beside the columns' roles: the split, the candidates, the gate."""

from dataclasses import dataclass

from lifecycle import candidates as families
from lifecycle import kind as kinds
from lifecycle.draft import clock, roles
from lifecycle.draft.columns import Table
from lifecycle.draft.problem import Question

EVEN = 0.3
"""From this share of positives on, a row of one class is worth as much as one of the other."""


@dataclass(frozen=True)
class Choices:
    """What is decided.

    Attributes:
        split: the class that divides the rows, for the reason `why`.
        candidates: the functions that make the model families; none where the problem's own cannot be named.
        settings: further arguments of `UseCase`, as code, each with why.
        imports: names of `lifecycle.usecase` that these need.
    """

    split: str
    why: str
    candidates: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()


def choose(table: Table, question: Question) -> Choices:
    """The choices for these columns and this question."""
    split, why = _split(table, question)
    metric = question.metric or kinds.find(question.problem).metric
    known = kinds.find(question.problem).greater_is_better(metric)
    level = {True: "0.8", False: "10"}[known]
    gate = "gate=Gate()", f'it must beat the baselines and the champion; with minimum={{"{metric}": {level}}} also a number of yours'
    even = question.problem == "binary" and EVEN <= question.share <= 1 - EVEN
    threshold = (('threshold="accuracy"', "both classes are common: a mistake counts as much as any other"),) if even else ()
    return Choices(split, why, _candidates(question.problem), (*threshold, gate), ("Gate",))


def _split(table: Table, question: Question) -> tuple[str, str]:
    time, given = table.one("time"), table.one("split")
    if given:
        return "ColumnSplit", f"by {given.name}, as its publisher says"
    group = table.one("group")
    asked = group and group.why == roles.SAID and not (time and time.why == roles.SAID)
    if time and not asked and clock.splits(table, time, table.one("target")):
        return "TimeSplit", f"by {time.name}, the oldest rows train and the newest judge, as it will be in use"
    late = f"; too few rows or classes lie on the sides of a split by {time.name}" if time and not asked else ""
    if group:
        return "GroupSplit", f"all rows of one {group.name} are on one side, since they are alike{late}"
    if question.classes:
        return "StratifiedSplit", f"at random, with the same shares of every class{late or ', since no column says when'}"
    return "HashSplit", f"at random{late or ', since no column says when'}"


def _candidates(problem: str) -> tuple[str, ...]:
    """The problem's own families by the functions that make them, so that one can be taken out or put in."""
    own = kinds.find(problem).families()
    named = [next((name for name in (each.name, f"{each.name}s") if callable(getattr(families, name, None))), "") for each in own]
    return tuple(named) if all(named) else ()
