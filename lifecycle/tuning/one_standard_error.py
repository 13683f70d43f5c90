"""The one-standard-error rule: something more complex is chosen over something plainer only where rows that neither was fitted on show that it is better."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.evaluation.resample import ResampleGroups, paired

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

ONE_STANDARD_ERROR = 0.6827
"""The share of a normal distribution within one standard error of its mean."""


def shown_better(use_case: "UseCase", rows: "Rows", classes: Any, best: np.ndarray, plain: np.ndarray, groups: ResampleGroups) -> bool:
    """Whether outputs are more than one standard error better than plainer ones (Breiman et al. 1984, paired).

    The difference is resampled over clusters of rows, so that what is hard for both does not count. Where it cannot be
    told, the better value stands.

    Args:
        use_case: its metric decides.
        rows: which neither was fitted on.
        classes: in the order of the probabilities' columns.
        best, plain: outputs for these rows, as `Kind.outputs` gives them.
        groups: which rows belong together.
    """
    said = [_predictions(use_case, rows, classes, outputs) for outputs in (best, plain)]
    found = paired(use_case, use_case.metric, use_case.kind.bounded(rows.y, rows.y), said[0], said[1], groups, ONE_STANDARD_ERROR)
    return found is None or found.low is None or found.low > 0


def _predictions(use_case: "UseCase", rows: "Rows", classes: Any, outputs: np.ndarray) -> pl.DataFrame:
    kind = use_case.kind
    outputs = kind.bounded(rows.y, outputs)
    said = kind.frame(outputs, classes, kind.threshold(use_case, rows.y, outputs, rows.info))
    return use_case.operating_point.beside(said, rows.info)
