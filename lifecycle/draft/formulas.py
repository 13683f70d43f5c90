"""Inputs that are made of each other: one column that is the product, the sum or the difference of two."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.store.lake import quoted

MAX_COLUMNS = 40
MAX_ROWS = 2_000
MIN_ROWS = 50
SAME = 0.998
"""The correlation from which on a column is said to be made of two others,"""
APART = 0.97
"""where neither of them alone comes so near."""
NEAR_ONE = 0.05
"""How far the slope may be from 1."""


def remark(table: Table) -> None:
    """Say of each number that two others together give: by what formula."""
    numbers = [column for column in table.columns if column.number and column.feature and column.distinct > 2][:MAX_COLUMNS]
    if len(numbers) < 3:
        return
    names = ", ".join(f"{quoted(column.name)}::DOUBLE AS {quoted(column.name)}" for column in numbers)
    known = " AND ".join(f"{quoted(column.name)} IS NOT NULL" for column in numbers)
    frame = table.sample.connection.sql(f"SELECT {names} FROM clean WHERE {known} USING SAMPLE reservoir({MAX_ROWS} ROWS) REPEATABLE (11)").pl()
    if frame.height < MIN_ROWS:
        return
    for column, formula in _formulas(numbers, frame.to_numpy()):
        column.cells = replace(column.cells, said=(*column.cells.said, formula))


def _formulas(numbers: list[ColumnProfile], values: np.ndarray) -> Iterator[tuple[ColumnProfile, str]]:
    """The columns that two others give, each once; `values` has a column for each of them."""
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    alone = np.abs(scaled.T @ scaled) / len(values)
    said: set[int] = set()
    for first, second in combinations(np.flatnonzero(spread > 0).tolist(), 2):
        left, right = values[:, first], values[:, second]
        for sign, made in (("*", left * right), ("+", left + right), ("-", left - right)):
            width = made.std()
            if not np.isfinite(width) or width == 0:
                continue
            alike = scaled.T @ ((made - made.mean()) / width) / len(values)
            for third in np.flatnonzero(np.abs(alike) >= SAME).tolist():
                slope = alike[third] * spread[third] / width  # of the straight line through both
                if third in (first, second) or third in said or {first, second} & said or max(alone[first, third], alone[second, third]) > APART:
                    continue
                if abs(abs(slope) - 1) <= NEAR_ONE:
                    said.add(third)
                    parts = (numbers[second].name, numbers[first].name) if sign == "-" and slope < 0 else (numbers[first].name, numbers[second].name)
                    exact = np.allclose(made * np.sign(slope), values[:, third], rtol=1e-6, atol=1e-9)
                    yield numbers[third], f"{'' if exact else 'nearly '}{parts[0]} {sign} {parts[1]}"
