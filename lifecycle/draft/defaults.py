"""What a draft decides beside the columns' roles: the split, the candidates, the gate."""

from dataclasses import dataclass

from lifecycle import candidates as families
from lifecycle.draft import python, roles, time_column
from lifecycle.draft.columns import Table
from lifecycle.draft.problem import GuessedProblem
from lifecycle.draft.traps.order import Order
from lifecycle.role import find


@dataclass(frozen=True)
class Choices:
    """What is decided.

    Attributes:
        split: the class that divides the rows, for the reason `why`.
        candidates: calls of the functions that make the model families; none where the problem's own cannot be named.
        settings: further arguments of `UseCase`, as code, each with why.
        imports: names of `lifecycle.usecase` that these need.
    """

    split: str
    why: str
    candidates: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()


def choose(table: Table, question: GuessedProblem, along: Order) -> Choices:
    """The choices for these columns and this question; `along`: what the order of the rows says."""
    split, why = _split(table, question, along)
    metric = question.decides
    level = "0.8" if question.kind.greater_is_better(metric) else "10"
    gate = "gate=Gate()", f'it must beat the baselines and the champion; with minimum={{"{metric}": {level}}} also a number of yours'
    own = [(f"{name}={python.literal(value)}", reason) for name, (value, reason) in question.kind.choices(question).items()]
    return Choices(split, why, _candidates(table, question), (*own, gate), ("Gate",))


def _split(table: Table, question: GuessedProblem, along: Order) -> tuple[str, str]:
    time, given = table.one("time"), table.one("split")
    if given:
        return "ColumnSplit" if given.distinct == 2 else "PublishedSplit", f"by {given.name}, as its publisher says"
    group = table.one("group")
    asked = group and group.why == roles.SAID and not (time and time.why == roles.SAID)
    if time and not asked and time_column.splits(table, time, table.one("target")):
        return "TimeSplit", f"by {time.name}, the oldest rows train and the newest judge, as it will be in use"
    late = f"; too few rows or classes lie on the sides of a split by {time.name}" if time and not asked else ""
    if group:
        return "GroupSplit", f"all rows of one {group.name} are on one side, since they are alike{late}"
    place = table.one("order")
    if place and (place.given or time_column.splits(table, place, table.one("target"))):
        return "OrderSplit", f"by {place.name}, the first rows train and the last judge, since they follow each other"
    since = late or f", since {along.sorted or 'no column says when'}"
    if question.classes:
        return "StratifiedSplit", f"at random, with the same shares of every class{since}"
    return "HashSplit", f"at random{since}"


def _candidates(table: Table, question: GuessedProblem) -> tuple[str, ...]:
    """The problem's own families by the functions that make them, so that one can be taken out or put in; and what the columns' roles add."""
    own = question.kind.families()
    named = [next((f"{name}()" for name in (each.name, f"{each.name}s") if callable(getattr(families, name, None))), "") for each in own]
    more = [call for column in table.columns for name in column.roles for call in find(name).families()] if question.kind.target_type else []
    return tuple(dict.fromkeys((*named, *more))) if all(named) else ()
