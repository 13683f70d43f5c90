"""Finalists: after the search, the best of each family beside each other on the same rows, and what is made of them.

Two things are tried that no single trial can: to learn the logarithm of a skewed target, and to average the families. Each
is taken only where the rows show that it is better than what it replaces: it costs something to run and to explain.
"""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.dataset import Rows
from lifecycle.evaluation.resample import ResampleGroups, clusters
from lifecycle.fit import AVERAGE, LOG_TARGET, NEWEST, fit_estimator, together
from lifecycle.references import Recipe
from lifecycle.tuning import objective
from lifecycle.tuning.one_standard_error import shown_better
from lifecycle.tuning.trials import TrialResult

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_WEIGHT = 0.1
"""A family with a smaller weight is left out of an average: it would cost more than it brings."""


@dataclass(frozen=True)
class Finalist:
    """The best trial of a family, with what its model says of rows it was not fitted on.

    Attributes:
        attempt: as the leaderboard shows it.
        recipe: how to make it again.
        outputs: of `Kind.outputs`, length n.
    """

    attempt: TrialResult
    recipe: Recipe
    outputs: np.ndarray


@dataclass(frozen=True)
class SelectionRows:
    """The rows that finalists are compared on: the tune part, or where that is small, all of train and tune, out of fold."""

    few: bool
    fitted: Rows
    judged: Rows
    classes: np.ndarray
    groups: ResampleGroups

    def better(self, use_case: "UseCase", one: np.ndarray, other: np.ndarray) -> bool:
        """Whether outputs are shown to be better than others."""
        return shown_better(use_case, self.judged, self.classes, one, other, self.groups)

    def score(self, use_case: "UseCase", outputs: np.ndarray) -> float:
        """The deciding metric of outputs."""
        return objective.score(use_case, self.judged, outputs, self.classes)


def selection_rows(use_case: "UseCase", few: bool, fitted: Rows, judged: Rows) -> SelectionRows:
    """The rows to compare finalists on."""
    if few:
        everything = together(fitted, judged)
        judged = everything.take(np.sort(np.concatenate([tested for _, _, tested in use_case.split.folds(use_case, everything, 0)])))
        fitted = everything
    return SelectionRows(few, fitted, judged, use_case.kind.classes(fitted.y), clusters(use_case, judged.info))


def finalist(use_case: "UseCase", attempt: TrialResult, before: SelectionRows) -> Finalist:
    """The best trial of a family beside others; with the logarithm of the target, and on the newest rows, where these are shown to be better."""
    recipe = Recipe(candidate=attempt.candidate, params=attempt.params)
    best = Finalist(attempt, recipe, _outputs(use_case, recipe, before))
    more = [{LOG_TARGET: True}] if use_case.kind.logarithm_helps(before.fitted.y) else []
    for changed in (*more, *({NEWEST: share} for share in use_case.split.windows())):
        other = Recipe(candidate=attempt.candidate, params={**best.recipe.params, **changed})
        outputs = _outputs(use_case, other, before)
        if before.better(use_case, outputs, best.outputs):
            best = Finalist(replace(attempt, params=other.params, score=before.score(use_case, outputs)), other, outputs)
    return best


def average(use_case: "UseCase", finalists: list[Finalist], best: Finalist, before: SelectionRows, number: int) -> Finalist | None:
    """The weighted average of the finalists, where it is shown to be better than the best of them; else `None`.

    The weights are not negative, add up to 1 and minimise the loss on these rows (Breiman 1996, stacked regressions). What is
    compared is honest: each half of the rows is averaged with weights that the other half gave.
    """
    began = time.monotonic()
    if len(finalists) < 2:
        return None
    stacked = np.stack([each.outputs for each in finalists])
    bounded = use_case.kind.bounded
    y, seen = bounded(before.judged.y, before.judged.y), bounded(before.judged.y, stacked)
    half = (before.groups.codes % 2).astype(bool)
    if min(half.sum(), (~half).sum()) < objective.STEP:
        return None
    outputs = np.zeros_like(best.outputs)
    for inside in (half, ~half):
        outputs[inside] = np.tensordot(_weights(use_case, seen[:, ~inside], y[~inside], before.classes), stacked[:, inside], 1)
    weights = _weights(use_case, seen, y, before.classes)
    if (weights > 0).sum() < 2 or not before.better(use_case, outputs, best.outputs):
        return None
    chosen = [(each, float(weight)) for each, weight in zip(finalists, weights, strict=True) if weight > 0]
    params = {each.recipe.candidate: weight for each, weight in chosen}
    recipe = Recipe(candidate=AVERAGE, params=params, parts=tuple(each.recipe for each, _ in chosen))
    attempt = TrialResult(number, AVERAGE, params, before.score(use_case, outputs), 0.0, False, round(time.monotonic() - began, 3))
    return Finalist(attempt, recipe, outputs)


def _outputs(use_case: "UseCase", recipe: Recipe, before: SelectionRows) -> np.ndarray:
    if not before.few:
        model = fit_estimator(use_case, recipe, before.fitted)
        return _aligned(use_case, model, before, before.judged)
    everything, found, at = before.fitted, [], []
    for fitted, tuned, tested in use_case.split.folds(use_case, everything, 0):
        model = fit_estimator(use_case, recipe, everything.take(np.sort(np.concatenate([fitted, tuned]))))
        found.append(_aligned(use_case, model, before, everything.take(tested)))
        at.append(tested)
    return np.concatenate(found)[np.argsort(np.concatenate(at))]


def _aligned(use_case: "UseCase", model: Any, before: SelectionRows, rows: Rows) -> np.ndarray:
    """What a model says of rows; probabilities in columns of all classes, also of those that it has not met."""
    return use_case.kind.aligned(use_case.kind.outputs(model, rows.X), model, before.classes)


def _weights(use_case: "UseCase", outputs: np.ndarray, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The weights of the least loss, in steps of 0.05, those under 0.1 left out."""
    from scipy.optimize import minimize

    loss = use_case.kind.loss(use_case.metric, outputs, y, classes)
    count = len(outputs)
    start = np.full(count, 1 / count)
    found = minimize(loss, start, method="SLSQP", bounds=[(0, 1)] * count, constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1})
    weights = np.where(found.x >= MIN_WEIGHT, found.x, 0.0)
    weights = np.round(weights / weights.sum() * 20) / 20
    return weights / weights.sum()
