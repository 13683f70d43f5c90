"""The folds of a cross-validation over rows in any order."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

FOLDS = 5


def shuffled(use_case: "UseCase", rows: "Rows", seed: int, share: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Positions to fit on, to tune on (so large a share of what is left), and to predict, of shuffled rows."""
    for kept, tested in _divisions(use_case, rows, FOLDS, seed):
        fitted, tuned = next(_divisions(use_case, rows.take(kept), max(2, round(1 / share)), seed))
        yield kept[fitted], kept[tuned], tested


def group_codes(column: "pl.Series") -> np.ndarray:
    """A number from 0 for each row: rows with the same value share one, a missing value is one of its own."""
    import polars as pl

    ranks = column.rank("dense").cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    alone = np.isnan(ranks)
    ranks[alone] = len(ranks) + 1 + np.arange(alone.sum())
    return np.unique(ranks, return_inverse=True)[1]


def _divisions(use_case: "UseCase", rows: "Rows", count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """K-fold over shuffled rows: stratified for classes, whole groups where there is a group column."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    name = use_case.columns.one("group")
    groups = group_codes(rows.info[name]) if name in rows.info.columns else None
    if groups is not None and (different := groups.max() + 1) > 1:
        count = min(count, different)
    else:
        groups = None
    count, stratified = use_case.kind.strata(rows.y, count)
    family = (StratifiedKFold if groups is None else StratifiedGroupKFold) if stratified else KFold if groups is None else GroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer rows than folds is in some of them alone
        yield from family(count, shuffle=True, random_state=seed).split(np.zeros(len(rows)), rows.y, groups)
