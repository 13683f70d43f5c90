"""What predictions are worth: scikit-learn's metrics, by scikit-learn's names, errors as positive numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.statistics import Statistic
from lifecycle.kind import Kind, find

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def compute(
    of: "UseCase | Kind | str",
    y: np.ndarray,
    predictions: pl.DataFrame,
    weights: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> dict[str, float]:
    """Every metric of the problem that is defined on these rows, by scikit-learn's definitions, errors positive.

    Those which need two classes, a positive or a spread that is not there are left out. Two that scikit-learn leaves
    open: `calibration_error` is `lifecycle.evaluation.statistics.expected_calibration_error`; `roc_auc` of a multiclass problem is the mean over
    classes of one against the rest.

    Args:
        of: the problem.
        y: the encoded target, length n (`Kind.encode`).
        predictions: what `lifecycle.predict.predict` gives for the same rows; for what decisions are worth with what
            `OperatingPoint.beside` adds to it.
        weights: how often each row counts; once where not given.
        names: the metrics that are wanted; all of the problem where not given.
    """
    if not len(y):
        return {}
    weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    found: dict[str, float] = {}
    for statistic in statistics(of, y, predictions, weight, names):
        found |= {name: float(value[0]) for name, value in statistic.values(weight[None, :]).items()}
    return {name: found[name] for name in names or all_of(of) if np.isfinite(found.get(name, np.nan))}


def statistics(
    of: "UseCase | Kind | str",
    y: np.ndarray,
    predictions: pl.DataFrame,
    weight: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> list[Statistic]:
    """The statistics that give the metrics of a kind of problem, or only those that `names` asks for (and their by-products)."""
    wanted = set(names or all_of(of))
    point = None if isinstance(of, str | Kind) else of.operating_point
    others = wanted - set(point.metrics if point else ())
    found = kind_of(of).statistics(y, predictions, np.ones(len(y)) if weight is None else weight, others) if others else []
    return found + (point.statistics(y, predictions, wanted) if point else [])


def all_of(of: "UseCase | Kind | str") -> tuple[str, ...]:
    """The metrics of a use case, or of a kind of problem."""
    return kind_of(of).metrics if isinstance(of, str | Kind) else of.metrics


def kind_of(of: "UseCase | Kind | str") -> Kind:
    """The kind of problem of a use case, itself, or by its name."""
    if isinstance(of, str):
        return find(of)
    return of if isinstance(of, Kind) else of.kind
