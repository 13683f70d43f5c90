"""Parsimony: a complex model is chosen over a plain one only where the rows it was tuned on show that it is better."""

from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.calibrate import best_threshold
from lifecycle.dataset import Rows
from lifecycle.objective import outputs_of
from lifecycle.predict import as_frame
from lifecycle.references import Recipe
from lifecycle.resample import clusters, paired
from lifecycle.train import fit_estimator

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

ONE_STANDARD_ERROR = 0.6827
"""The share of a normal distribution within one standard error of its mean."""


def shown_better(use_case: "UseCase", best: Recipe, plain: Recipe, train: Rows, tune: Rows) -> bool:
    """Whether a recipe is more than one standard error better than a plainer one (Breiman et al. 1984, paired).

    Both are fitted on the train rows; the difference is resampled over the clusters of the tune rows, so that what is
    hard for both does not count.
    """
    said = [_predictions(use_case, recipe, train, tune) for recipe in (best, plain)]
    found = paired(use_case, use_case.metric, tune.y, said[0], said[1], clusters(use_case, tune.info), ONE_STANDARD_ERROR)
    return found is None or found.low is None or found.low > 0


def _predictions(use_case: "UseCase", recipe: Recipe, train: Rows, tune: Rows) -> pl.DataFrame:
    model: Any = fit_estimator(use_case, recipe, train)
    found = outputs_of(use_case, model, tune)
    threshold = best_threshold(tune.y, found[:, 1]) if use_case.problem == "binary" else 0.5
    return as_frame(use_case, found, getattr(model, "classes_", ()), threshold)
