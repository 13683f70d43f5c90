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
    alone = np.abs(np.corrcoef(values[:, spread > 0], rowvar=False)) if (spread > 0).sum() > 1 else np.ones((1, 1))
    place = {int(number): where for where, number in enumerate(np.flatnonzero(spread > 0))}
    said: set[int] = set()
    for first, second in combinations(place, 2):
        left, right = values[:, first], values[:, second]
        for sign, made in (("*", left * right), ("+", left + right), ("-", left - right)):
            if not np.isfinite(made).all() or made.std() == 0:
                continue
            for third in place:
                near = max(alone[place[first], place[third]], alone[place[second], place[third]])
                if third in (first, second) or third in said or {first, second} & said or near > APART:
                    continue
                slope = float(np.polyfit(made, values[:, third], 1)[0])
                if abs(np.corrcoef(made, values[:, third])[0, 1]) >= SAME and abs(abs(slope) - 1) <= NEAR_ONE:
                    said.add(third)
                    parts = (numbers[second].name, numbers[first].name) if sign == "-" and slope < 0 else (numbers[first].name, numbers[second].name)
                    exact = np.allclose(made * np.sign(slope), values[:, third], rtol=1e-6, atol=1e-9)
                    yield numbers[third], f"{'' if exact else 'nearly '}{parts[0]} {sign} {parts[1]}"
