"""What a model is judged by: its own and the baselines' predictions for the same rows, which none of them has seen."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from lifecycle.candidates import linear_baseline
from lifecycle.dataset import Rows
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import REPEATS, Fit, Predictions, answers, cross_validate, judge
from lifecycle.evaluation.report import Apart, ClassReport
from lifecycle.evaluation.resample import Interval
from lifecycle.fit import threads, together
from lifecycle.models.blueprint import blueprint
from lifecycle.references import Recipe

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

SMALL = 300
"""Gate rows below which a model is judged by cross-validation,"""
MAX_ROWS_CROSS_VALIDATED = 20_000
"""unless there are more rows than these in all: then fifteen fits cost too much, and the interval says how little is known."""
MAX_TRAINING_ROWS_SCORED = 100_000
"""Of more training rows than these, so many are scored for comparison, and teach the linear baseline."""


@dataclass(frozen=True)
class Evidence:
    """The same rows judged by the model and by the two baselines, and the model's metrics on what it has seen.

    Attributes:
        mode, how: by which rows, in a word and in a sentence.
        model, constant, linear: the predictions of the model and of the baselines.
        shuffled: the model's own predictions with their rows shuffled: what it says as often as it says it, without a look at the row.
        train: the model's metrics on rows it was fitted on.
        unseen: all predictions for rows that the model was not fitted on, in order of time where there is time.
        besides: the metrics that are measured once (`Kind.besides`), with their intervals.
        classes: of a multiclass problem, each class (`lifecycle.evaluation.per_class`).
        last: the predictions of the last known label, where rows have an order; of a kind that has another such baseline, these.
        season: of which season it is, where that is better.
        apart: what is measured apart, and decides nothing.
    """

    mode: Literal["holdout", "cross-validation"]
    how: str
    model: Predictions
    constant: Predictions
    linear: Predictions
    train: dict[str, float]
    unseen: pl.DataFrame
    besides: dict[str, Interval] = field(default_factory=dict)
    classes: tuple[ClassReport, ...] = ()
    last: Predictions | None = None
    season: str = ""
    shuffled: Predictions | None = None
    apart: tuple[Apart, ...] = ()

    @property
    def baselines(self) -> dict[str, Predictions | None]:
        """The predictions of each baseline by its name; `None`: there is none for these rows."""
        return {"constant": self.constant, "linear": self.linear, "last": self.last}


def gather(use_case: "UseCase", model: Any, recipe: Recipe, train: Rows, tune: Rows, gate: Rows) -> Evidence:
    """Judge on the gate's rows; with few of them by cross-validation of the recipe over all rows."""
    total = len(train) + len(tune) + len(gate)
    baselines = [_fitter(use_case, name) for name in ("constant", "linear")]
    if len(gate) < max(SMALL, use_case.gate.rows) and total <= MAX_ROWS_CROSS_VALIDATED:
        everything = together(together(train, tune), gate)
        judged = judge(use_case, recipe, everything)
        flat, straight = (cross_validate(use_case, fit, everything) for fit in baselines)
        how = _cross_validated(use_case, judged, len(gate), total)
        mixed = shuffled(use_case, judged)
        return Evidence("cross-validation", how, judged, flat, straight, judged.train, in_time(judged), shuffled=mixed)
    some = _sample(train, use_case.seed)
    flat, straight = (judge(use_case, fit(some, tune), gate) for fit in baselines)
    how = f"on {len(gate):,} held-out rows that took no part in fitting, tuning or choosing the model"
    if len(gate) < use_case.gate.rows:
        how += f"; that is fewer than the {use_case.gate.rows:,} the gate asks for"
    seen = compute(use_case, some.y, answers(use_case, model, some))
    judged = judge(use_case, model, gate)
    mixed = shuffled(use_case, judged)
    return Evidence("holdout", how, judged, flat, straight, seen, in_time(judged), shuffled=mixed)


def shuffled(use_case: "UseCase", judged: Predictions) -> Predictions:
    """Predictions for the same rows, each in the place of another."""
    random = np.random.default_rng([use_case.seed, 2])
    mixed = (frame[random.permutation(frame.height)] for frame in judged.predictions)
    return replace(judged, predictions=tuple(use_case.operating_point.beside(frame, judged.rows.info) for frame in mixed))


def blind(use_case: "UseCase", constant: Predictions, metric: str) -> Predictions:
    """What the constant baseline says of the rows where a metric decides (`Kind.blind`)."""
    said = tuple(use_case.kind.blind(metric, frame, use_case.seed + repeat) for repeat, frame in enumerate(constant.predictions))
    return replace(constant, predictions=said)


def in_time(judged: Predictions) -> pl.DataFrame:
    """The predictions in order of time, where there is time."""
    frame, time = judged.predictions[0], judged.rows.time
    return frame if time is None else frame[time.arg_sort()]


def _fitter(use_case: "UseCase", name: str) -> Fit:
    def fit(train: Rows, tune: Rows) -> Any:
        both = together(train, tune)  # as the model itself
        if name == "constant":
            return use_case.kind.baseline(use_case, use_case.kind.constant(use_case.metric).fit(both.X, both.y), both)
        linear: Any = linear_baseline(blueprint(use_case, both.X))
        with threads(len(both)):
            return use_case.kind.baseline(use_case, linear.fit(both.X, both.y), both)

    return fit


def _cross_validated(use_case: "UseCase", judged: Predictions, gate: int, total: int) -> str:
    how = use_case.split.said(len(judged.rows), total, REPEATS, "labelled rows")
    return (
        f"by {how}, since the gate part has only {gate} rows. Each fold fits the chosen recipe anew; a metric is computed on the pooled "
        "out-of-fold predictions of each repeat and averaged over repeats, and its interval comes from a bootstrap of the rows. It "
        "does not cover the drawing of the training rows, and the recipe was chosen on some of these rows: take it as slightly too good"
    )


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows) <= MAX_TRAINING_ROWS_SCORED:
        return rows
    return rows.take(np.sort(np.random.default_rng(seed).choice(len(rows), MAX_TRAINING_ROWS_SCORED, replace=False)))
