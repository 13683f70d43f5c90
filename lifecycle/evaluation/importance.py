"""Which inputs a model leans on: permutation importances, at a bounded cost."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.report import Importance, Importances
from lifecycle.predict import predict

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.usecase import UseCase

IMPORTANCE_ROWS = 5_000
COLUMNS = 40
REPEATS = 3
SCREEN = 500
"""Rows on which many columns are screened for the most important."""


def importances(use_case: "UseCase", model: Any, rows: "Rows") -> Importances:
    """How much worse the deciding metric gets when one input is shuffled among the rows (Breiman 2001), largest first.

    On at most 5,000 rows; of more than 40 columns, the 40 that a first shuffle on 500 rows found to matter most.
    An input that another one repeats can look unimportant: the model has the other.
    """
    random = np.random.default_rng(use_case.seed)
    some = _some(rows, IMPORTANCE_ROWS, random)
    whole = _value(use_case, some, predict(use_case, model, some.X))
    names = rows.X.columns
    if len(names) > COLUMNS:
        few = _some(some, SCREEN, random)
        found = {name: float(_shuffled(use_case, model, few, name, 1, random)[0]) for name in names}
        better = use_case.kind.greater_is_better(use_case.metric)
        names = sorted(names, key=lambda name: found[name] if better else -found[name])[:COLUMNS]
    table = []
    for name in names:
        losses = np.array([use_case.kind.gain(use_case.metric, whole, value) for value in _shuffled(use_case, model, some, name, REPEATS, random)])
        if np.isfinite(losses).all():
            table.append(Importance(feature=name, importance=float(losses.mean()), least=float(losses.min()), most=float(losses.max())))
    return Importances(rows=len(some), table=tuple(sorted(table, key=lambda row: (-row.importance, row.feature))))


def _shuffled(use_case: "UseCase", model: Any, rows: "Rows", name: str, repeats: int, random: np.random.Generator) -> np.ndarray:
    """The deciding metric with a column shuffled, `repeats` times; all shuffles are predicted at once."""
    count = len(rows)
    X = pl.concat([rows.X.with_columns(rows.X[name][random.permutation(count)]) for _ in range(repeats)])
    said = predict(use_case, model, X)
    return np.array([_value(use_case, rows, said.slice(i * count, count)) for i in range(repeats)])


def _value(use_case: "UseCase", rows: "Rows", said: pl.DataFrame) -> float:
    return compute(use_case, rows.y, use_case.operating_point.beside(said, rows.info), names=[use_case.metric]).get(use_case.metric, np.nan)


def _some(rows: "Rows", most: int, random: np.random.Generator) -> "Rows":
    return rows if len(rows) <= most else rows.take(np.sort(random.choice(len(rows), most, replace=False)))
