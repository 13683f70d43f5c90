"""The threshold that gives the best of a score; what a decision is worth is not known."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lifecycle.operating_points.operating_point import OperatingPoint

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class BestScore(OperatingPoint):
    """The threshold with the best `by`: `f1`, `accuracy` or `balanced_accuracy`."""

    by: str = "f1"

    def threshold(self, y: np.ndarray, probability: np.ndarray, info: "pl.DataFrame | None") -> float:
        """See `lifecycle.models.calibrate.best_threshold`."""
        from lifecycle.models.calibrate import best_threshold

        return best_threshold(y, probability, self.by)
