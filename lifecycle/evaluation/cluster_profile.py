"""What each cluster is: how many rows it holds, what is typical of them, and what sets them apart."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.cluster_metrics import silhouettes, spaced
from lifecycle.evaluation.report import ClusterReport, Trait

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

PROFILE_ROWS = 100_000
FEATURES = 6
"""So many columns that set a cluster apart are named."""
MAX_TEXT_VALUES = 20
"""A text with more distinct values than these has no typical one."""


def profile(use_case: "UseCase", rows: "Rows", predictions: pl.DataFrame) -> tuple[ClusterReport, ...]:
    """Each cluster, the largest first.

    Inputs and the columns of `slices` and `sensitive` are looked at, on at most 100,000 evenly spaced rows.
    """
    some = spaced(len(rows), PROFILE_ROWS)
    labels, y = predictions["prediction"].gather(some), rows.y[some]
    columns = _columns(use_case, rows, some)
    numbers = np.unique(labels.to_numpy().astype(str), return_inverse=True)[1]
    closeness = silhouettes(y, numbers)
    found = []
    for name in labels.unique().sort().to_list():
        inside = (labels == name).to_numpy()
        known = closeness[inside]
        apart = [one for column in columns if (one := _apart(column, inside))]
        found.append(
            ClusterReport(
                name=name,
                rows=int(inside.sum()),
                share=float(inside.mean()),
                silhouette=float(np.nanmean(known)) if np.isfinite(known).any() else None,
                apart=tuple(sorted(apart, key=lambda one: (-abs(one.effect), one.column))[:FEATURES]),
            )
        )
    return tuple(sorted(found, key=lambda cluster: (-cluster.rows, cluster.name)))


def _columns(use_case: "UseCase", rows: "Rows", some: np.ndarray) -> list[pl.Series]:
    beside = [name for name in dict.fromkeys([*use_case.slices, *use_case.columns.having("sensitive")]) if name not in rows.X.columns]
    return [*rows.X[some].get_columns(), *(rows.info[name][some] for name in beside if name in rows.info.columns)]


def _apart(column: pl.Series, inside: np.ndarray) -> Trait | None:
    """How a column differs inside a cluster from all rows; `None` where it cannot be told."""
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64).to_numpy()
        known = np.isfinite(values)
        spread = values[known].std() if known.any() else 0.0
        if not spread or not (known & inside).any():
            return None
        effect = (values[known & inside].mean() - values[known].mean()) / spread
        return Trait(
            column=column.name,
            effect=float(effect),
            typical=float(np.median(values[known & inside])),
            all=float(np.median(values[known])),
        )
    text = column.cast(pl.String).fill_null("missing")
    counts = text.value_counts()
    if not 2 <= counts.height <= MAX_TEXT_VALUES:
        return None
    found = []
    for value in counts[column.name].sort().to_list():
        there = (text == value).to_numpy()
        share, here = there.mean(), there[inside].mean()
        found.append(((here - share) / np.sqrt(share * (1 - share)), value, here, share))
    effect, value, here, share = max(found, key=lambda one: (abs(one[0]), one[1]))
    return Trait(column=column.name, effect=float(effect), value=value, typical=float(here), all=float(share))
