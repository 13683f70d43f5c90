"""What a clustering is judged by, without a truth: rows it has not seen, and what the same recipe finds where there is nothing.

Every algorithm finds clusters, also in noise. So the baseline that knows nothing is not a random assignment, which anything
beats: it is the same recipe, fitted and judged on the same columns with each shuffled by itself, as in the gap statistic
(Tibshirani, Walther and Hastie 2001). What it asks is whether columns go together in groups: two humps of one single column
are still there when it is shuffled, and no reason for a clustering.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.candidates import kmeans
from lifecycle.dataset import Rows
from lifecycle.evaluation.cluster_metrics import spaced, stability
from lifecycle.evaluation.evidence import MAX_ROWS_CROSS_VALIDATED, MAX_TRAINING_ROWS_SCORED, SMALL, Evidence, in_time
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import REPEATS, Predictions, cross_validate, judge
from lifecycle.evaluation.resample import Interval
from lifecycle.fit import fit, fit_estimator, threads, together
from lifecycle.models.blueprint import blueprint
from lifecycle.predict import predict
from lifecycle.references import Recipe

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

PLAIN = 8
"""So many clusters has scikit-learn's k-means where nobody says how many."""
SHUFFLES = 5
"""The columns are shuffled so often, and the best of these clusterings of nothing is what a model must beat: how good one is depends on where it begins,
which the interval over rows does not hold."""
RESAMPLES = 15
STABILITY_ROWS = 5_000
"""Stability is measured with so many rows to fit on, and as many to agree on."""


def gather(use_case: "UseCase", model: Any, recipe: Recipe, train: Rows, tune: Rows, gate: Rows) -> Evidence:
    """Judge on the gate's rows; with few of them by cross-validation of the recipe over all rows, as `lifecycle.evaluation.evidence` does."""
    from lifecycle.models.cluster_embedding import reference_space, shuffled

    total, fitted = len(train) + len(tune) + len(gate), together(train, tune)
    space = reference_space(use_case, train.X)
    besides = {"stability": _stability(use_case, recipe, fitted, gate)}
    if len(gate) < max(SMALL, use_case.gate.rows) and total <= MAX_ROWS_CROSS_VALIDATED:
        everything = together(fitted, gate)
        judged = _named(judge(use_case, recipe, everything), model)
        flat = judge(use_case, recipe, shuffled(space, everything, use_case.seed))
        plain = cross_validate(use_case, lambda rows, more: _plain(use_case, together(rows, more)), everything)
        how = f"by {use_case.split.said(len(judged.rows), total, REPEATS, 'rows')}, since the gate part has only {len(gate)} rows"
        return Evidence("cross-validation", how, judged, flat, plain, judged.train, in_time(judged), besides)
    judged = judge(use_case, model, gate)
    parts = (train, tune, gate)
    flat = _best(use_case, [_nothing(use_case, recipe, space, parts, use_case.seed + 3 * number) for number in range(SHUFFLES)])
    plain = judge(use_case, _plain(use_case, fitted), gate)
    some = fitted.take(spaced(len(fitted), MAX_TRAINING_ROWS_SCORED))
    seen = compute(use_case, some.y, predict(use_case, model, some.X))
    how = f"on {len(gate):,} held-out rows that took no part in finding the clusters or in choosing how many"
    return Evidence("holdout", how, judged, flat, plain, seen, in_time(judged), besides)


def _nothing(use_case: "UseCase", recipe: Recipe, space: Any, parts: Sequence[Rows], seed: int) -> Predictions:
    """The recipe fitted and judged on shuffled columns."""
    from lifecycle.models.cluster_embedding import shuffled

    train, tune, gate = (shuffled(space, rows, seed + i) for i, rows in enumerate(parts))
    return judge(use_case, fit(use_case, recipe, train, tune), gate)


def _best(use_case: "UseCase", found: list[Predictions]) -> Predictions:
    """The predictions with the best value of the deciding metric."""
    metric, sign = use_case.metric, 1 if use_case.kind.greater_is_better(use_case.metric) else -1
    values = [compute(use_case, each.rows.y, each.predictions[0], names=[metric]).get(metric, -sign * np.inf) for each in found]
    return found[int(np.argmax(sign * np.array(values)))]


def _named(judged: Predictions, model: Any) -> Predictions:
    """Cross-validated clusters under the names that the model itself gives."""
    from lifecycle.models.clusterings import matching

    own = model.predict(judged.rows.X)
    frames = [
        frame.with_columns(pl.col("prediction").replace_strict(matching(frame["prediction"].to_numpy(), own), return_dtype=pl.String))
        for frame in judged.predictions
    ]
    return Predictions(judged.rows, tuple(frames), judged.train)


def _plain(use_case: "UseCase", rows: Rows) -> Any:
    count = min(PLAIN, len(rows) - 1)
    with threads(len(rows)):
        return kmeans().build(blueprint(use_case, rows.X), {"n_clusters": count}).fit(rows.X)  # pyright: ignore[reportAttributeAccessIssue]


def _stability(use_case: "UseCase", recipe: Recipe, fitted: Rows, gate: Rows) -> Interval:
    """How much the recipe's clusterings of resampled rows agree on the gate's rows."""
    random = np.random.default_rng(use_case.seed)
    X = gate.X[spaced(len(gate), STABILITY_ROWS)]
    labels = []
    for _ in range(RESAMPLES):
        some = fitted.take(np.sort(random.integers(0, len(fitted), min(len(fitted), STABILITY_ROWS))))
        labels.append(fit_estimator(use_case, recipe, some).predict(X))
    value, low, high = stability(labels)
    return Interval(value, low, high, 0.95, RESAMPLES)
