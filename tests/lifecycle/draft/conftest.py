"""Tables to draft from, made up or made dirty."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lifecycle.draft.draft import Draft, Options, draft

ROWS = 1_000
Drafted = Callable[..., Draft]


def table(**more: Any) -> dict[str, Any]:
    """Two numbers and a category, of which the first says something of `y`; further columns come before it."""
    random = np.random.default_rng(3)
    first = random.normal(size=ROWS).round(4)
    truth = first + random.normal(size=ROWS) > 0.5
    plain = {"first": first, "second": random.gamma(2, 30, ROWS).round(2), "kind": random.choice(["a", "b", "c"], ROWS)}
    return {**plain, "y": np.where(truth, "yes", "no"), **more}


@pytest.fixture
def drafted(tmp_path: Path) -> Drafted:
    """`drafted({"a": [...]}, target="y")`: the draft of a CSV file with these columns, which is written nowhere."""

    def make(columns: dict[str, Any], target: str = "y", **wishes: Any) -> Draft:
        file = tmp_path / "rows.csv"
        pl.DataFrame(columns, strict=False).write_csv(file)
        return draft("drafted", str(file), Options(target=target, **wishes))

    return make


def code(made: Draft) -> tuple[str, str]:
    """The use case and the schema."""
    use_case, schema = made.files.values()
    return use_case, schema


def roles(made: Draft) -> dict[str, tuple[str, ...]]:
    """The roles of each column."""
    return {column.name: column.roles for column in made.table.columns}
