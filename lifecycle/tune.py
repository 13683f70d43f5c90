"""Tune: search the families and their hyperparameters on rows that the gate never sees."""

import hashlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle import objective, progress, tracking
from lifecycle.candidates import Candidate
from lifecycle.dataset import Rows
from lifecycle.errors import DataError
from lifecycle.objective import Outcome
from lifecycle.parsimony import shown_better
from lifecycle.references import Parts, Recipe, Tuned
from lifecycle.split import rows as part_of
from lifecycle.train import FEW, check_target, together
from lifecycle.trials import Attempt, log

if TYPE_CHECKING:
    from optuna import Study, Trial

    from lifecycle.usecase import UseCase

Answers = Callable[[Candidate, dict[str, Any]], Iterator[Outcome]]
"""What hyperparameters of a candidate are worth, surer with each outcome."""


def tune(use_case: "UseCase", parts: Parts) -> Tuned:
    """The recipe that did best on the tune part; where that has under 300 rows, in repeated cross-validation.

    With `tuning.trials` 0 nothing is searched: the recipe is the last candidate with its defaults.

    Raises:
        DataError: the training rows have one class, or no trial has a score.
    """
    train, tuned = part_of(use_case, parts, "train"), part_of(use_case, parts, "tune")
    check_target(use_case, train)
    few, most = len(tuned) < FEW, use_case.tuning.rows
    fitted, judged = objective.sample(use_case, train, most), objective.sample(use_case, tuned, most)
    if few:
        answers: Answers = partial(objective.cross_validated, use_case, rows=objective.sample(use_case, together(train, tuned), most))
    else:
        answers = partial(objective.on_tune_part, use_case, train=fitted, tune=judged)
    run_id = tracking.begin(use_case.name, f"train {use_case.name}", _key(use_case, parts))
    attempts, stopped = search(use_case, answers)
    best = choose(use_case, attempts, prefer_simple=few) if attempts else _unsearched(use_case)
    if attempts and not few:
        best = plain_if_as_good(use_case, attempts, best, fitted, judged)
    log(use_case, run_id, attempts, best, stopped)
    recipe = Recipe(candidate=best.candidate, params=best.params)
    key = _digest(parts.model_dump_json(), recipe.model_dump_json())
    return Tuned(use_case=use_case.name, key=key, parts=parts, recipe=recipe, run_id=run_id, score=best.score, trials=len(attempts), stopped=stopped)


def search(use_case: "UseCase", answers: Answers) -> tuple[list[Attempt], str]:
    """Try the families in turn, from the most complex on, each with its defaults first.

    Returns:
        The ended trials, and why the search stopped early, if it did. The trial in hand when the time ran out is given
        up, except the first.
    """
    began = time.monotonic()
    families = use_case.candidates[::-1]
    studies = [_study(use_case, family, seed) for seed, family in enumerate(families)]
    attempts: list[Attempt] = []
    for number in range(use_case.tuning.trials):
        at = number % len(families)
        attempt = _attempt(number, families[at], studies[at], answers, began + use_case.tuning.seconds if attempts else np.inf)
        if attempt is None or (time.monotonic() - began > use_case.tuning.seconds and number + 1 < use_case.tuning.trials):
            attempts += [attempt] if attempt else []
            ended = f"after {len(attempts)} of {use_case.tuning.trials} trials"
            return attempts, f"{ended}: the {use_case.tuning.seconds:g} s of tuning.seconds were over"
        attempts.append(attempt)
        told = f"{use_case.metric} {attempt.score:.4f}{', given up early' if attempt.pruned else ''}"
        progress.say("tune", "note", f"trial {number + 1} of {use_case.tuning.trials}: {attempt.candidate}, {told}")
    return attempts, ""


def choose(use_case: "UseCase", attempts: list[Attempt], *, prefer_simple: bool = False) -> Attempt:
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


def plain_if_as_good(use_case: "UseCase", attempts: list[Attempt], best: Attempt, train: Rows, tune: Rows) -> Attempt:
    """The best trial; or the best of the first, plainest family, where the tune part does not show the difference."""
    plainest = use_case.candidates[0].name
    own = [attempt for attempt in attempts if attempt.candidate == plainest and not attempt.pruned and np.isfinite(attempt.score)]
    if best.candidate == plainest or not own:
        return best
    plain = choose(use_case, own)
    recipes = [Recipe(candidate=attempt.candidate, params=attempt.params) for attempt in (best, plain)]
    return best if shown_better(use_case, recipes[0], recipes[1], train, tune) else plain


def _attempt(number: int, family: Candidate, study: "Study", answers: Answers, until: float) -> Attempt | None:
    """One trial: pruned as soon as it is behind the median of its family at the same step; `None` where time runs out."""
    from optuna.trial import TrialState

    began = time.monotonic()
    trial: Trial = study.ask()
    params = {**family.defaults, **family.space(trial)}
    params = {name: value for name, value in params.items() if name != family.iterations}
    outcome, pruned = None, False
    for step, outcome in enumerate(answers(family, params)):
        if not np.isfinite(outcome.score):
            continue
        trial.report(outcome.score, step)
        pruned = not outcome.final and bool(trial.should_prune())
        if pruned:
            break
        if not outcome.final and time.monotonic() > until:
            return None
    if outcome is None or not np.isfinite(outcome.score):
        study.tell(trial, state=TrialState.FAIL)
        return Attempt(number, family.name, params, float("nan"), 0.0, False, time.monotonic() - began)
    study.tell(trial, None if pruned else outcome.score, TrialState.PRUNED if pruned else TrialState.COMPLETE)
    return Attempt(number, family.name, outcome.params, outcome.score, outcome.error, pruned, round(time.monotonic() - began, 3))


def _study(use_case: "UseCase", family: Candidate, number: int) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=use_case.seed + number, n_startup_trials=4)
    direction = "maximize" if use_case.kind.greater_is_better(use_case.metric) else "minimize"
    study = optuna.create_study(direction=direction, sampler=sampler, pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
    study.enqueue_trial({name: value for name, value in family.defaults.items() if name != family.iterations})
    return study


def _unsearched(use_case: "UseCase") -> Attempt:
    last = use_case.candidates[-1]
    return Attempt(0, last.name, dict(last.defaults), 0.0, 0.0, False, 0.0)


def _key(use_case: "UseCase", parts: Parts) -> str:
    """Of the run: another search is another run, whatever a killed process left behind."""
    tuning, names = use_case.tuning, [candidate.name for candidate in use_case.candidates]
    return _digest(parts.model_dump_json(), use_case.metric, str(use_case.seed), repr(tuning), repr(names))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
