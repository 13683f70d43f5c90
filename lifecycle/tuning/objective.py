"""How good are these hyperparameters? Answers that grow surer step by step, so that a poor trial can be given up early."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.candidates import Candidate
from lifecycle.dataset import Rows
from lifecycle.evaluation import metrics
from lifecycle.fit import fit_estimator, threads
from lifecycle.models.blueprint import blueprint
from lifecycle.references import Recipe

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

REPEATS = 2
STEP = 10
"""So many iterations of a boosted model are between two looks at its curve."""
FIRST_SHARE = 0.1
"""Of the training rows, in the first look at a model that is not staged."""
SURE = 0.6
"""A curve whose best point lies before this share of its length is not followed further."""


@dataclass(frozen=True)
class Outcome:
    """What a trial is known to be worth so far.

    Attributes:
        score: the use case's metric.
        params: the hyperparameters, with what was found on the way.
        error: the standard error of the score over folds; 0 on one tune part.
        final: whether this is the trial's whole answer.
    """

    score: float
    params: dict[str, Any]
    error: float = 0.0
    final: bool = False


def on_tune_part(use_case: "UseCase", candidate: Candidate, params: Mapping[str, Any], train: Rows, tune: Rows) -> Iterator[Outcome]:
    """Fit on train rows, judge on tune rows: over growing numbers of iterations, or of rows."""
    if candidate.iterations:
        most = 2 * int(candidate.defaults[candidate.iterations])
        curve: list[float] = []
        for curve in _curves(use_case, candidate, params, train, tune, most):
            best = _best(use_case, curve)
            grown = (best + 1) / len(curve) > SURE and len(curve) * STEP < most
            yield Outcome(curve[best], {**params, candidate.iterations: (best + 1) * STEP}, final=not grown)
            if not grown:
                return
        return
    few = sample(use_case, train, int(len(train) * FIRST_SHARE))
    for rows in ([few] if 1_000 <= len(few) < len(train) else []) + [train]:
        model = fit_estimator(use_case, Recipe(candidate=candidate.name, params=dict(params)), rows)
        yield Outcome(score(use_case, tune, use_case.kind.outputs(model, tune.X), getattr(model, "classes_", ())), dict(params), final=rows is train)


def cross_validated(use_case: "UseCase", candidate: Candidate, params: Mapping[str, Any], rows: Rows) -> Iterator[Outcome]:
    """The mean over repeated folds, and its standard error; of a time split over one round of forward chaining."""
    scores: list[list[float]] = []
    repeats = min(use_case.split.repeats or REPEATS, REPEATS)
    for repeat in range(repeats):
        for fitted, tuned, tested in use_case.split.folds(use_case, rows, repeat):
            known = rows.take(np.sort(np.concatenate([fitted, tuned])))
            scores.append(_fold(use_case, candidate, params, known, rows.take(tested)))
        table = np.array(scores)
        defined = table[~np.isnan(table).any(axis=1)]
        mean = defined.mean(axis=0) if len(defined) else np.full(table.shape[1], np.nan)
        best = _best(use_case, mean.tolist())
        found = {candidate.iterations: (best + 1) * STEP} if candidate.iterations else {}
        error = float(defined[:, best].std(ddof=1) / np.sqrt(len(defined))) if len(defined) > 1 else 0.0
        yield Outcome(float(mean[best]), {**params, **found}, error, final=repeat == repeats - 1)


def score(use_case: "UseCase", rows: Rows, outputs: np.ndarray, classes: Any = ()) -> float:
    """The use case's metric of an estimator's outputs: at the threshold that the final model would get, and without absurd rows.

    See `Kind.threshold` and `Kind.bounded`.
    """
    kind = use_case.kind
    y, outputs = kind.bounded(rows.y, rows.y), kind.bounded(rows.y, outputs)
    if not kind.defined(outputs):
        return float("nan")
    predictions = kind.frame(outputs, classes, kind.threshold(use_case, y, outputs, rows.info))
    predictions = use_case.operating_point.beside(predictions, rows.info)
    ones = np.ones((1, len(y)))
    for statistic in metrics.statistics(use_case, y, predictions, names=(use_case.metric,)):
        if use_case.metric in (values := statistic.values(ones)):
            return float(values[use_case.metric][0])
    return float("nan")


def sample(use_case: "UseCase", rows: Rows, most: int) -> Rows:
    """At most so many rows, always the same ones, in their order; every class keeps its share."""
    if len(rows) <= most:
        return rows
    return rows.take(use_case.kind.sample(rows.y, most, use_case.seed))


def _fold(use_case: "UseCase", candidate: Candidate, params: Mapping[str, Any], known: Rows, tested: Rows) -> list[float]:
    """The scores of one fold: one, or one for every so many iterations."""
    if candidate.iterations:
        most = int(candidate.defaults[candidate.iterations])
        return list(_curves(use_case, candidate, params, known, tested, most, first=most))[-1]
    model = fit_estimator(use_case, Recipe(candidate=candidate.name, params=dict(params)), known)
    return [score(use_case, tested, use_case.kind.outputs(model, tested.X), getattr(model, "classes_", ()))]


def _curves(
    use_case: "UseCase", candidate: Candidate, params: Mapping[str, Any], known: Rows, tested: Rows, most: int, first: int = 12 * STEP
) -> Iterator[list[float]]:
    """The score after every so many iterations, of a model that is fitted further and further: twice as far each time."""
    pipeline: Any = candidate.build(blueprint(use_case, known.X), params)
    columns, model = pipeline[:-1], pipeline[-1]
    inputs, others = columns.fit_transform(known.X, known.y), columns.transform(tested.X)
    model.set_params(warm_start=True)
    iterations = first
    while True:
        with threads(len(known)):
            model.set_params(**{candidate.iterations: iterations}).fit(inputs, known.y)
        stages = use_case.kind.staged_outputs(model, others)
        yield [score(use_case, tested, outputs, getattr(model, "classes_", ())) for count, outputs in enumerate(stages, 1) if count % STEP == 0]
        if iterations >= most:
            return
        iterations = min(2 * iterations, most)


def _best(use_case: "UseCase", curve: list[float]) -> int:
    """The position of the best defined point."""
    worst = -np.inf if use_case.kind.greater_is_better(use_case.metric) else np.inf
    values = np.where(np.isnan(curve), worst, curve)
    return int(values.argmax() if worst < 0 else values.argmin())
