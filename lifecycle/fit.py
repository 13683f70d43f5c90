"""How a recipe is fitted: its estimator, calibrated and with a threshold where the problem has classes."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.candidates import Candidate
from lifecycle.dataset import Rows
from lifecycle.models.blueprint import blueprint
from lifecycle.references import Recipe

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MIN_TUNE_ROWS = 300  # tune rows below which one part is too noisy to choose by: cross-validation takes its place
FOR_THREADS = 10_000
AVERAGE = "average"
"""The candidate of a recipe that averages others."""
LOG_TARGET = "log_target"
"""The hyperparameter of every regression that learns the logarithm of its target."""
MEANS = ("rmse", "r2")
"""Metrics that a prediction of the mean serves best; the median serves the others."""


def fit(use_case: "UseCase", recipe: Recipe, train: Rows, tune: Rows | None = None) -> Any:
    """The fitted model of a recipe: its estimator, calibrated and with a threshold where the problem has classes.

    A classifier is fitted on the train rows; its calibration, threshold and sets come from the tune rows, which it has not
    seen. A regressor or a clustering is fitted on both; a regressor's intervals come from what a fit on the train rows says of the tune rows.
    With fewer than 300 tune rows a classifier is fitted on both, too, and all of this comes from predictions out of fold. Rows of the gate
    are for neither.

    Raises:
        DataError: the rows have one class, or a target that is no number.
    """
    both = together(train, tune) if tune is not None and len(tune) else train
    few = tune is None or len(tune) < MIN_TUNE_ROWS
    rows = both if few or use_case.kind.learns_tune else train
    use_case.kind.check_target(use_case, rows.y)
    model = fit_estimator(use_case, recipe, rows)

    def unseen() -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
        if few or tune is None:
            return out_of_fold(use_case, recipe, rows, np.asarray(getattr(model, "classes_", ())))
        first = fit_estimator(use_case, recipe, train) if use_case.kind.learns_tune else model
        return tune.y, use_case.kind.outputs(first, tune.X), tune.info

    return use_case.kind.finish(use_case, model, unseen)


def fit_estimator(use_case: "UseCase", recipe: Recipe, rows: Rows) -> Any:
    """The bare estimator of a recipe, fitted on all of these rows."""
    if recipe.parts:
        return _averaged(use_case, recipe, rows)
    params = dict(recipe.params)
    logged = params.pop(LOG_TARGET, False)
    unfitted: Any = candidate(use_case, recipe.candidate).build(blueprint(use_case, rows.X), params)
    if logged:
        from lifecycle.models.combined import LogTarget

        unfitted = LogTarget(unfitted, mean=use_case.metric in MEANS)
    with threads(len(rows)):
        model = unfitted.fit(rows.X, rows.y)
    # Threads are for fitting: on a few rows they cost more than they bring, and they add floats in any order.
    return model.set_params(**{name: None for name in model.get_params() if name.rpartition("__")[2] == "n_jobs"})


def _averaged(use_case: "UseCase", recipe: Recipe, rows: Rows) -> Any:
    from lifecycle.models.combined import Averaged

    models = [fit_estimator(use_case, part, rows) for part in recipe.parts]
    return Averaged(models, [float(recipe.params[part.candidate]) for part in recipe.parts])


def threads(rows: int) -> AbstractContextManager[Any]:
    """As many threads as there are cores where the rows are worth it, else one: threads that wait for each other cost more."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1 if rows < FOR_THREADS else None)


def out_of_fold(use_case: "UseCase", recipe: Recipe, rows: Rows, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
    """The target and the outputs of rows, in columns of `classes`, by models of the other folds, and their `info`; of a time split the later rows."""
    positions, found = [], []
    for fitted, tuned, tested in use_case.split.folds(use_case, rows, 0):
        known = rows.take(np.sort(np.concatenate([fitted, tuned])))
        if len(np.unique(known.y)) < 2:
            continue
        model = fit_estimator(use_case, recipe, known)
        positions.append(tested)
        found.append(use_case.kind.aligned(use_case.kind.outputs(model, rows.X[tested]), model, classes))
    at = np.concatenate(positions) if positions else np.zeros(0, dtype=np.int64)
    outputs = np.concatenate(found) if found else np.zeros((0, len(classes)) if len(classes) else 0)
    return rows.y[at], outputs, rows.info[at]


def together(first: Rows, second: Rows) -> Rows:
    """The rows of two parts, one after the other."""
    return Rows(pl.concat([first.X, second.X]), np.concatenate([first.y, second.y]), pl.concat([first.info, second.info]))


def candidate(use_case: "UseCase", name: str) -> Candidate:
    """A candidate of the definition by its name."""
    for each in use_case.candidates:
        if each.name == name:
            return each
    raise use_case.wrong(f"a recipe names one of its candidates ({', '.join(each.name for each in use_case.candidates)}), found '{name}'")
