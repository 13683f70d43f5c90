"""Judge: predictions for rows that the model has not seen, by holding rows out or by cross-validation."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.resample import average, cluster_codes
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.splits import ColumnSplit, TimeSplit

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

FOLDS = 5
REPEATS = 3
Fit = Callable[[Rows, Rows], Any]
"""Fits an estimator on train rows, with tune rows for early stopping, threshold and calibration."""


@dataclass(frozen=True)
class Judged:
    """Rows with what models that never saw them say of them.

    Attributes:
        rows: those that were judged; of a time split's cross-validation only the later ones.
        predictions: one frame for a fitted model; one for each repeat of a cross-validation.
        train: of a cross-validation: the mean metrics of the folds' models on their own training rows.
    """

    rows: Rows
    predictions: tuple[pl.DataFrame, ...]
    train: dict[str, float]

    @property
    def stacked(self) -> tuple[np.ndarray, pl.DataFrame]:
        """The target and the predictions of all repeats below each other, for pictures and tables."""
        return np.tile(self.rows.y, len(self.predictions)), pl.concat(self.predictions)


def judge(use_case: "UseCase", model: Any, rows: Rows) -> Judged:
    """The predictions of a fitted estimator for rows it has not seen; of a recipe by cross-validation over the rows.

    Two recipes are given the same folds, so that their predictions can be compared in pairs.
    """
    if isinstance(model, Recipe):
        from lifecycle.train import fit

        return cross_validate(use_case, lambda train, tune: fit(use_case, model, train, tune), rows)
    return Judged(rows, (predict(use_case, model, rows.X),), {})


def cross_validate(use_case: "UseCase", fit: Fit, rows: Rows) -> Judged:
    """Out-of-fold predictions: three times five folds, stratified by class, a group never on both sides.

    A time split keeps its direction: the later half of the rows in five blocks, each predicted by a model of what was
    known before it, once.
    """
    predictions, train, known = [], [], None
    judged = np.arange(len(rows))
    for repeat in range(1 if isinstance(use_case.split, TimeSplit) else REPEATS):
        parts, frames = [], []
        for fitted, tuned, tested in folds(use_case, rows, repeat):
            model = fit(rows.take(fitted), rows.take(tuned))
            model, known = use_case.kind.same_names(model, known, rows)
            frames.append(predict(use_case, model, rows.X[tested]))
            train.append(compute(use_case, rows.y[fitted], predict(use_case, model, rows.X[fitted])))
            parts.append(tested)
        positions = np.concatenate(parts)
        judged = np.sort(positions)
        predictions.append(pl.concat(frames, how="diagonal").fill_null(0.0)[np.argsort(positions)])
    return Judged(rows.take(judged), tuple(predictions), average(train))


def folds(use_case: "UseCase", rows: Rows, repeat: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Positions of the rows to fit on, to tune on, and to predict, fold by fold."""
    split, seed = use_case.split, use_case.seed + repeat
    if isinstance(split, TimeSplit):
        yield from _forward(use_case, rows, split)
        return
    share = split.tune if isinstance(split, ColumnSplit) else split.tune / (split.train + split.tune)
    for kept, tested in _divisions(use_case, rows, FOLDS, seed):
        fitted, tuned = next(_divisions(use_case, rows.take(kept), max(2, round(1 / share)), seed))
        yield kept[fitted], kept[tuned], tested


def _divisions(use_case: "UseCase", rows: Rows, count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """K-fold over shuffled rows: stratified for classes, whole groups where there is a group column."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    name = use_case.columns.one("group")
    groups = cluster_codes(rows.info[name]) if name in rows.info.columns else None
    if groups is not None and (different := groups.max() + 1) > 1:
        count = min(count, different)
    else:
        groups = None
    count, stratified = use_case.kind.strata(rows.y, count)
    family = (StratifiedKFold if groups is None else StratifiedGroupKFold) if stratified else KFold if groups is None else GroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer rows than folds is in some of them alone
        yield from family(count, shuffle=True, random_state=seed).split(np.zeros(len(rows)), rows.y, groups)


def _forward(use_case: "UseCase", rows: Rows, split: TimeSplit) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Forward chaining: each block of the later half is predicted from the rows, and labels, that were there before it."""
    time = rows.info["_time"].cast(pl.Datetime("us")).to_physical().to_numpy()
    label_time = use_case.columns.one("label_time")
    known = rows.info[label_time].cast(pl.Datetime("us")).to_physical().to_numpy() if label_time else time
    gap = split.gap // timedelta(microseconds=1)
    edges = np.quantile(time, np.linspace(0.5, 1, FOLDS + 1), method="higher").tolist()
    for start, end in zip(edges[:-1], [*edges[1:-1], np.inf], strict=True):
        tested = np.flatnonzero((time >= start) & (time < end))
        before = np.flatnonzero((time < start - gap) & (known <= start))
        if not len(tested) or not len(before):
            continue
        line = np.quantile(time[before], split.train / (split.train + split.tune), method="higher")
        early = (time[before] < line - gap) & (known[before] <= line)
        yield before[early], before[time[before] >= line], tested
