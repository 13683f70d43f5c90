"""Parsimony: something more complex is chosen over something plainer only where rows that neither was fitted on show that it is better."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.evaluation.resample import Clusters, paired
from lifecycle.models.calibrate import best_threshold
from lifecycle.predict import as_frame

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

ONE_STANDARD_ERROR = 0.6827
"""The share of a normal distribution within one standard error of its mean."""


def shown_better(use_case: "UseCase", y: np.ndarray, classes: Any, best: np.ndarray, plain: np.ndarray, groups: Clusters) -> bool:
    """Whether outputs are more than one standard error better than plainer ones (Breiman et al. 1984, paired).

    The difference is resampled over clusters of rows, so that what is hard for both does not count. Where it cannot be
    told, the better value stands.

    Args:
        use_case: its metric decides.
        y: the encoded target.
        classes: in the order of the probabilities' columns.
        best, plain: outputs for these rows, as `lifecycle.tuning.objective.outputs_of` gives them.
        groups: which rows belong together.
    """
    said = [_predictions(use_case, y, classes, bounded(use_case, y, outputs)) for outputs in (best, plain)]
    found = paired(use_case, use_case.metric, bounded(use_case, y, y), said[0], said[1], groups, ONE_STANDARD_ERROR)
    return found is None or found.low is None or found.low > 0


def bounded(use_case: "UseCase", y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What a choice between models looks at: the numbers of a regression within the central 99.8 % of the truth y.

    A squared error is decided by its few largest terms: without a bound, a choice by it is a choice by a handful of absurd rows.
    What is reported has no bound.
    """
    if use_case.problem != "regression" or not len(y):
        return values
    low, high = np.quantile(y, [0.001, 0.999])
    return np.clip(values, low, high)


def _predictions(use_case: "UseCase", y: np.ndarray, classes: Any, outputs: np.ndarray) -> pl.DataFrame:
    threshold = best_threshold(y, outputs[:, 1], use_case.threshold) if use_case.problem == "binary" else 0.5
    return as_frame(use_case, outputs, classes, threshold)
