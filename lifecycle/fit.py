"""How a recipe is fitted: twice, once to be judged and once to be deployed, each finished by rows that a fit of it has not seen."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
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
NEWEST = "newest"
"""The hyperparameter of a recipe along time or another order: the share of the rows, the newest, that it is fitted on."""
MEANS = ("rmse", "r2")
"""Metrics that a prediction of the mean serves best; the median serves the others."""


@dataclass(frozen=True)
class Fits:
    """The two fits of one recipe.

    Attributes:
        judged: has never seen the gate's rows: what it is worth there is the promise, and challengers are compared with it.
        deployed: fitted on every row whose label was known: it answers, and knows the newest of the world.
    """

    judged: Any
    deployed: Any


def two_fits(use_case: "UseCase", recipe: Recipe, train: Rows, tune: Rows, gate: Rows, labelled: Rows) -> Fits:
    """Both fits of a recipe, each finished (calibration, threshold, intervals or sets) by what a fit of the same recipe says of rows that it has not seen.

    Args:
        use_case: the definition.
        recipe: how to make a model.
        train, tune, gate: the rows of the parts.
        labelled: all rows whose label was known when the lines were drawn, those of the parts among them.

    Raises:
        DataError: the training rows have one class, or a target that is no number.
    """
    fitting = _Fitting(use_case, recipe, train, tune)
    return Fits(fitting.judged(), fitting.deployed(gate, labelled))


def fit(use_case: "UseCase", recipe: Recipe, train: Rows, tune: Rows | None = None) -> Any:
    """The judged fit of a recipe alone: its estimator, calibrated and with a threshold where the problem has classes.

    The estimator is fitted on the train and the tune rows. Calibration and threshold come from what a first fit, on the train rows
    alone, says of the tune rows, which it has not seen; with fewer than 300 tune rows from predictions out of fold. Rows of the gate are
    for neither.

    Raises:
        DataError: the rows have one class, or a target that is no number.
    """
    return _Fitting(use_case, recipe, train, tune).judged()


class _Fitting:
    """The fits of one recipe, each made once."""

    def __init__(self, use_case: "UseCase", recipe: Recipe, train: Rows, tune: Rows | None) -> None:
        self.use_case, self.recipe, self.train = use_case, recipe, train
        self.tune = tune if tune is not None and len(tune) >= MIN_TUNE_ROWS else None
        self.both = together(train, tune) if tune is not None and len(tune) else train
        use_case.kind.check_target(use_case, (self.train if self.tune else self.both).y)

    def judged(self) -> Any:
        """Fitted on train and tune rows."""

        def unseen() -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
            classes = self._classes(self._estimator)
            if self.tune is None:
                return out_of_fold(self.use_case, self.recipe, self.both, classes)
            return self.tune.y, self._said(self._first, self.tune, classes), self.tune.info

        return self.use_case.kind.finish(self.use_case, self._estimator, unseen)

    def deployed(self, gate: Rows, labelled: Rows) -> Any:
        """Fitted on all rows, and finished by what the first fit says of the tune rows and the judged one of the gate's."""
        kind = self.use_case.kind
        model = fit_estimator(self.use_case, self.recipe, labelled)
        _, names = kind.same_names(self._estimator, None, labelled)
        model, _ = kind.same_names(model, names, labelled)

        def unseen() -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
            classes = self._classes(model)
            beside = [(self._first, self.tune)] if self.tune else []
            asked = [*beside, (self._estimator, gate)]
            if sum(len(rows) for _, rows in asked) < MIN_TUNE_ROWS:
                return out_of_fold(self.use_case, self.recipe, labelled, classes)
            outputs = np.concatenate([self._said(each, rows, classes) for each, rows in asked])
            return np.concatenate([rows.y for _, rows in asked]), outputs, pl.concat([rows.info for _, rows in asked])

        return kind.finish(self.use_case, model, unseen)

    @cached_property
    def _first(self) -> Any:
        return fit_estimator(self.use_case, self.recipe, self.train)

    @cached_property
    def _estimator(self) -> Any:
        return fit_estimator(self.use_case, self.recipe, self.both)

    def _classes(self, model: Any) -> np.ndarray:
        return np.asarray(getattr(model, "classes_", ()))

    def _said(self, model: Any, rows: Rows, classes: np.ndarray) -> np.ndarray:
        return self.use_case.kind.aligned(self.use_case.kind.outputs(model, rows.X), model, classes)


def fit_estimator(use_case: "UseCase", recipe: Recipe, rows: Rows) -> Any:
    """The bare estimator of a recipe, fitted on all of these rows."""
    if recipe.parts:
        return _averaged(use_case, recipe, rows)
    params = dict(recipe.params)
    logged = params.pop(LOG_TARGET, False)
    if (share := params.pop(NEWEST, 1.0)) < 1:
        rows = rows.take(use_case.split.newest(use_case, rows.info, share))
    family = candidate(use_case, recipe.candidate)
    key = _dear_key(use_case, recipe, rows) if family.trials is not None else ""
    if (known := _dear.get(key)) is not None:
        return known
    unfitted: Any = family.build(blueprint(use_case, rows.X), params)
    if logged:
        from lifecycle.models.combined import LogTarget

        unfitted = LogTarget(unfitted, mean=use_case.metric in MEANS)
    with threads(len(rows)):
        model = unfitted.fit(rows.X, rows.y)
    # Threads are for fitting: on a few rows they cost more than they bring, and they add floats in any order.
    model = model.set_params(**{name: None for name in model.get_params() if name.rpartition("__")[2] == "n_jobs"})
    if key:
        _dear.clear()
        _dear[key] = model
    return model


_dear: dict[str, Any] = {}
"""The last fit of a family that is dear: the search ends with the fit that training begins with, on the same rows."""


def _dear_key(use_case: "UseCase", recipe: Recipe, rows: Rows) -> str:
    """All that a fit depends on: the same gives the same model."""
    told = hashlib.sha256(f"{use_case.name}\0{use_case.seed}\0{recipe.model_dump_json()}".encode())
    told.update(rows.X.hash_rows(seed=7).to_numpy().tobytes())
    told.update(np.ascontiguousarray(rows.y.astype(str)).tobytes())
    return told.hexdigest()


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
