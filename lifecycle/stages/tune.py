"""Tune: search the families and their hyperparameters on rows that the gate never sees."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle import progress, registry
from lifecycle.candidates import Candidate
from lifecycle.dataset import Rows
from lifecycle.dependencies.watched import note, notes, watched
from lifecycle.fit import MIN_TUNE_ROWS, together
from lifecycle.references import Parts, Recipe, Tuned
from lifecycle.settings import settings
from lifecycle.store import tracking
from lifecycle.table.parts import rows as part_of
from lifecycle.tuning import objective
from lifecycle.tuning.choose import decide, plainer
from lifecycle.tuning.continued import begun
from lifecycle.tuning.distribute import spread
from lifecycle.tuning.final_selection import selection_rows
from lifecycle.tuning.objective import Outcome
from lifecycle.tuning.trials import TrialResult, log

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
    material = prepare(use_case, parts)
    run_id = tracking.begin(use_case.name, f"train {use_case.name}", _key(use_case, parts), _described(use_case, parts))
    runner = settings().task_runner
    attempts, stopped = (
        search(use_case, material.answers, begins=partial(begun, use_case, parts)) if runner == "threads" else _elsewhere(use_case, parts, runner)
    )
    best, recipe = (
        decide(use_case, attempts, selection_rows(use_case, material.few, material.fitted, material.judged), hurried=bool(stopped))
        if attempts
        else _unsearched(use_case)
    )
    files = log(use_case, run_id, _shown(attempts, best), best, stopped)
    key = _digest(parts.model_dump_json(), recipe.model_dump_json())
    return Tuned(
        use_case=use_case.name, key=key, parts=parts, recipe=recipe, run_id=run_id, score=best.score, trials=len(attempts), stopped=stopped, files=files,
        plainer=plainer(use_case, attempts, recipe),
    )  # fmt: skip


@dataclass(frozen=True)
class TuningData:
    """What trials are fitted and judged on."""

    few: bool
    """Whether the tune part is too small to judge by: then the answers are cross-validated."""
    fitted: Rows
    judged: Rows
    answers: Answers


def prepare(use_case: "UseCase", parts: Parts) -> TuningData:
    """The rows of a search, and how they answer.

    Raises:
        DataError: the training rows have one class.
    """
    train, tuned = part_of(use_case, parts, "train"), part_of(use_case, parts, "tune")
    use_case.kind.check_target(use_case, train.y)
    few, most = use_case.kind.cross_validates and len(tuned) < MIN_TUNE_ROWS, use_case.tuning.rows
    fitted, judged = objective.sample(use_case, train, most), objective.sample(use_case, tuned, most)
    if few:
        answers: Answers = partial(objective.cross_validated, use_case, rows=objective.sample(use_case, together(train, tuned), most))
    else:
        answers = partial(objective.on_tune_part, use_case, train=fitted, tune=judged)
    return TuningData(few, fitted, judged, answers)


def search_family(use_case: str, parts: Parts, family: int) -> tuple[list[TrialResult], str, set[str]]:
    """The trials of one family, in whatever process this is: it needs the name and the reference alone. Also what it read of the definition."""
    found = watched(registry.find(use_case))
    attempts, stopped = search(found, prepare(found, parts).answers, only=family, begins=partial(begun, found, parts))
    return attempts, stopped, notes(found).read


def _elsewhere(use_case: "UseCase", parts: Parts, runner: str) -> tuple[list[TrialResult], str]:
    found = spread(runner, search_family, use_case.name, parts, len(use_case.candidates))
    for _, _, read in found:
        note(use_case, read)
    stopped = "; ".join(reason for _, reason, _ in found if reason)
    return sorted((attempt for attempts, _, _ in found for attempt in attempts), key=lambda attempt: attempt.number), stopped


def search(
    use_case: "UseCase", answers: Answers, only: int | None = None, begins: Callable[[Candidate], dict[str, Any]] | None = None
) -> tuple[list[TrialResult], str]:
    """Try the families in turn, from the most complex on, each with its defaults first; with `only`, the trials of that one.

    `begins` gives hyperparameters of a family that are not searched.

    Returns:
        The ended trials, and why the search stopped early, if it did. The trial in hand when the time ran out is given
        up, except the first.
    """
    began = time.monotonic()
    families = use_case.candidates[::-1]
    studies = [_study(use_case, family, seed) for seed, family in enumerate(families)]
    attempts: list[TrialResult] = []
    given = [begins(family) if begins else {} for family in families]
    for number in range(use_case.tuning.trials):
        at = number % len(families)
        most = families[at].trials
        if only not in (None, at) or (most is not None and number // len(families) >= most):
            continue
        attempt = _attempt(number, families[at], studies[at], given[at], answers, began + use_case.tuning.seconds if attempts else np.inf)
        if attempt is None or (time.monotonic() - began > use_case.tuning.seconds and number + 1 < use_case.tuning.trials):
            attempts += [attempt] if attempt else []
            ended = f"after {len(attempts)} of {use_case.tuning.trials} trials"
            return attempts, f"{ended}: the {use_case.tuning.seconds:g} s of tuning.seconds were over"
        attempts.append(attempt)
        told = f"{use_case.metric} {attempt.score:.4f}{', given up early' if attempt.pruned else ''}"
        progress.emit("tune", "note", f"trial {number + 1} of {use_case.tuning.trials}: {attempt.candidate}, {told}")
    return attempts, ""


def _attempt(number: int, family: Candidate, study: "Study", given: dict[str, Any], answers: Answers, until: float) -> TrialResult | None:
    """One trial: pruned as soon as it is behind the median of its family at the same step; `None` where time runs out."""
    from optuna.trial import TrialState

    began = time.monotonic()
    trial: Trial = study.ask()
    params = {**family.defaults, **family.space(trial), **given}
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
        return TrialResult(number, family.name, params, float("nan"), 0.0, False, time.monotonic() - began)
    study.tell(trial, None if pruned else outcome.score, TrialState.PRUNED if pruned else TrialState.COMPLETE)
    return TrialResult(number, family.name, outcome.params, outcome.score, outcome.error, pruned, round(time.monotonic() - began, 3))


def _study(use_case: "UseCase", family: Candidate, number: int) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given = min(len(family.first), 1)
    sampler = optuna.samplers.TPESampler(seed=use_case.seed + number, n_startup_trials=4)
    direction = "maximize" if use_case.kind.greater_is_better(use_case.metric) else "minimize"
    study = optuna.create_study(direction=direction, sampler=sampler, pruner=optuna.pruners.MedianPruner(n_startup_trials=1 + given))
    for params in (family.defaults, *family.first):
        study.enqueue_trial({name: value for name, value in params.items() if name != family.iterations})
    return study


def _unsearched(use_case: "UseCase") -> tuple[TrialResult, Recipe]:
    last = use_case.candidates[-1]
    return TrialResult(0, last.name, dict(last.defaults), 0.0, 0.0, False, 0.0), Recipe(candidate=last.name, params=dict(last.defaults))


def _shown(attempts: list[TrialResult], best: TrialResult) -> list[TrialResult]:
    """The trials of the leaderboard: one that was made better after the search takes its place, an average is one more."""
    if not attempts or best in attempts:
        return attempts
    return [*(each for each in attempts if each.number != best.number), best]


def _key(use_case: "UseCase", parts: Parts) -> str:
    """Of the run: another search is another run, whatever a killed process left behind."""
    tuning, names = use_case.tuning, [candidate.name for candidate in use_case.candidates]
    return _digest(parts.model_dump_json(), use_case.metric, str(use_case.seed), repr(tuning), repr(names))


def _described(use_case: "UseCase", parts: Parts) -> str:
    """What the run is about, for whoever opens it."""
    counts, snapshot = parts.counts, parts.features.snapshot
    rows = ", ".join(
        f"{counts[name]:,} to {does}" for name, does in (("train", "train on"), ("tune", "tune on"), ("gate", "judge by")) if name in counts
    )
    families = ", ".join(candidate.name for candidate in use_case.candidates)
    return f"A {use_case.kind.name} problem, decided by {use_case.metric}; candidates: {families}. Rows of lake version {snapshot.version}: {rows}."


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
