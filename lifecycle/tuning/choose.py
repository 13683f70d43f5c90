"""Choose: which of the trials of a search, or what made of them, the model is made by."""

from typing import TYPE_CHECKING

import numpy as np

from lifecycle.errors import DataError
from lifecycle.references import Alternative, Recipe
from lifecycle.tuning.final_selection import Finalist, SelectionRows, average, finalist
from lifecycle.tuning.trials import TrialResult

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def choose(use_case: "UseCase", attempts: list[TrialResult], *, prefer_simple: bool = False) -> TrialResult:
    """The best finished trial; with `prefer_simple`, of the first family within one standard error of it (Breiman 1984).

    Raises:
        DataError: no trial has a score.
    """
    sign = 1 if use_case.kind.greater_is_better(use_case.metric) else -1
    finished = [attempt for attempt in attempts if not attempt.pruned and np.isfinite(attempt.score)]
    if not finished:
        raise DataError(
            f"use case '{use_case.name}': {use_case.metric} must be defined on the rows to tune by, found no value in {len(attempts)} trials;"
            " it may need a class that is not there: choose another metric, or bring more rows"
        )
    best = max(finished, key=lambda attempt: sign * attempt.score)
    if not prefer_simple:
        return best
    for family in use_case.candidates:
        own = [attempt for attempt in finished if attempt.candidate == family.name]
        top = max(own, key=lambda attempt: sign * attempt.score, default=None)
        if top and sign * (best.score - top.score) <= best.error:
            return top
    return best


def plainer(use_case: "UseCase", attempts: list[TrialResult], chosen: Recipe) -> tuple[Alternative, ...]:
    """The best finished trial of each family before the chosen one in the definition (of an average: of each family), the best first."""
    sign = 1 if use_case.kind.greater_is_better(use_case.metric) else -1
    names = [family.name for family in use_case.candidates]
    before = names[: names.index(chosen.candidate)] if chosen.candidate in names else names
    tops = sorted((each for each in _tops(use_case, attempts) if each.candidate in before), key=lambda each: -sign * each.score)
    return tuple(Alternative(recipe=Recipe(candidate=each.candidate, params=each.params), score=each.score) for each in tops)


def decide(use_case: "UseCase", attempts: list[TrialResult], before: SelectionRows, *, hurried: bool = False) -> tuple[TrialResult, Recipe]:
    """The trial, or the average of trials, that the model is made by.

    The best trial; or the best of the first, plainest family, where the rows do not show the difference; or the average of
    the families' best, where it is shown to be better still. A search that ran out of time ends with the first of these.
    """
    best = choose(use_case, attempts, prefer_simple=before.few)
    if hurried:
        return best, Recipe(candidate=best.candidate, params=best.params)
    tops = [finalist(use_case, attempt, before) for attempt in _tops(use_case, attempts)]
    chosen = _chosen(use_case, tops, best, before)
    mixed = average(use_case, tops, chosen, before, len(attempts)) if use_case.kind.averages and use_case.tuning.average else None
    found = mixed or chosen
    return found.attempt, found.recipe


def _tops(use_case: "UseCase", attempts: list[TrialResult]) -> list[TrialResult]:
    """The best finished trial of each family, from the plainest family on."""
    own = [
        [each for each in attempts if each.candidate == family.name and not each.pruned and np.isfinite(each.score)] for family in use_case.candidates
    ]
    return [choose(use_case, each) for each in own if each]


def _chosen(use_case: "UseCase", tops: list[Finalist], best: TrialResult, before: SelectionRows) -> Finalist:
    """The best of the finalists, or the plainest where it is not shown to be worse."""
    if before.few:
        return next(top for top in tops if top.recipe.candidate == best.candidate)
    sign = 1 if use_case.kind.greater_is_better(use_case.metric) else -1
    top = max(tops, key=lambda each: sign * each.attempt.score)
    plain = tops[0]
    if top is plain or plain.recipe.candidate != use_case.candidates[0].name:
        return top
    return top if before.better(use_case, top.outputs, plain.outputs) else plain
