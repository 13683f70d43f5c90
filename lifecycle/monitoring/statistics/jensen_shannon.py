"""The Jensen-Shannon divergence."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifecycle.monitoring.statistic import DriftStatistic, shares


class JensenShannon(DriftStatistic):
    """The Jensen-Shannon divergence in bits, 0 to 1 (Lin, 1991)."""

    name = "js"

    def values(self, column: Mapping[str, Any], counts: np.ndarray) -> np.ndarray:
        p = shares(np.asarray(column["counts"]), np.zeros(1, np.intp))
        q = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        middle = (p + q) / 2
        return np.maximum((p * np.log2(p / middle) + q * np.log2(np.where(q > 0, q, 1) / middle)).sum(axis=1) / 2, 0)


statistic = JensenShannon()
