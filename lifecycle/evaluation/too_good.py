"""What is too good to be true, and which columns make it so: alone, or two of them together."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.report import Importances
from lifecycle.fit import fit_estimator
from lifecycle.gate.findings import Telling, TooGood

if TYPE_CHECKING:
    from lifecycle.dataset import Rows
    from lifecycle.references import Recipe
    from lifecycle.usecase import UseCase

LEAST_ROWS = 200
"""Judged rows below which a perfect score may be luck."""
ALMOST = 10
"""What columns alone may leave open, in units of what is too good to be true, to be named for it."""
MAX_ROWS = 5_000
LOOKED_AT, PAIRED, NAMED = 20, 6, 3
"""So many of the columns that matter most are tried alone, so many in pairs, and so many are named."""


def too_good(
    use_case: "UseCase", recipe: "Recipe", parts: "tuple[Rows, Rows]", value: float | None, constant: float | None, rows: int, leaned: Importances
) -> TooGood | None:
    """Whether a score is too good to be true; `None`: it is not.

    Args:
        use_case: the definition, whose metric decides.
        recipe: of the model.
        parts: rows to fit on, and rows to judge by.
        value, constant: the metric of the model and of the constant.
        rows: how many were judged.
        leaned: which inputs the model leans on, the most important first.
    """
    if not nearly_perfect(use_case, value, constant) or rows < LEAST_ROWS or value is None or constant is None:
        return None
    told = list(_telling(use_case, recipe, parts, constant, leaned))
    return TooGood(value=value, rows=rows, columns=tuple(told[:NAMED]))


def nearly_perfect(use_case: "UseCase", value: float | None, constant: float | None) -> bool:
    """Whether a model leaves nearly nothing open of what the constant does."""
    if not use_case.target or value is None or constant is None:
        return False
    return use_case.kind.left(use_case.metric, value, constant) <= use_case.kind.nearly_perfect


def _telling(use_case: "UseCase", recipe: "Recipe", parts: "tuple[Rows, Rows]", constant: float, leaned: Importances) -> Iterator[Telling]:
    """Columns that give the score alone, the best first; else pairs; else those that the model leans on most, without a value."""
    ranked = [each.feature for each in leaned.table]
    ranked += [name for name in parts[0].X.columns if name not in ranked]
    single, limit = recipe.parts[0] if recipe.parts else recipe, ALMOST * use_case.kind.nearly_perfect
    few = [_some(rows, use_case.seed) for rows in parts]
    for tried in ([(name,) for name in ranked[:LOOKED_AT]], list(combinations(ranked[:PAIRED], 2))):
        found = [Telling(columns=names, value=value) for names in tried if (value := _alone(use_case, single, few, names)) is not None]
        left = [use_case.kind.left(use_case.metric, each.value, constant) for each in found if each.value is not None]
        if any(each <= limit for each in left):
            yield from (found[at] for at in np.argsort(left, kind="stable") if left[at] <= limit)
            return
    yield Telling(columns=tuple(ranked[:NAMED]), value=None)


def _alone(use_case: "UseCase", recipe: "Recipe", parts: "Sequence[Rows]", names: tuple[str, ...]) -> float | None:
    """The deciding metric of a model of these columns."""
    from lifecycle.dataset import Rows

    train, unseen = (Rows(rows.X.select(names), rows.y, rows.info) for rows in parts)
    model = fit_estimator(use_case, recipe, train)
    said = use_case.kind.frame(use_case.kind.outputs(model, unseen.X), getattr(model, "classes_", ()))
    said = use_case.operating_point.beside(said, unseen.info)
    return compute(use_case, unseen.y, said, names=[use_case.metric]).get(use_case.metric)


def _some(rows: "Rows", seed: int) -> "Rows":
    if len(rows) <= MAX_ROWS:
        return rows
    return rows.take(np.sort(np.random.default_rng(seed).choice(len(rows), MAX_ROWS, replace=False)))
