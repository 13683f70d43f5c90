"""The distance that cells would have to be carried."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifecycle.monitoring.statistic import DriftStatistic, shares


class Wasserstein(DriftStatistic):
    """The distance between the cells' means in units of the reference's interquartile range; of categories the total variation."""

    name = "wasserstein"

    def values(self, column: Mapping[str, Any], counts: np.ndarray) -> np.ndarray:
        p = shares(np.asarray(column["counts"]), np.zeros(1, np.intp))
        q = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if "values" in column:
            return np.abs(p - q).sum(axis=1) / 2
        known = q[:, :-1].sum(axis=1, keepdims=True)
        apart = p[:-1] / p[:-1].sum() - q[:, :-1] / np.where(known > 0, known, 1)
        distance = np.abs(np.cumsum(apart, axis=1)[:, :-1]) @ np.diff(column["centres"]) / column["scale"]
        return np.where(known[:, 0] > 0, distance, 0.0)  # all null: no value to be far from


statistic = Wasserstein()
