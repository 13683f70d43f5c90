"""Columns of texts, read as a draft reads them."""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
import pytest

from lifecycle.draft import columns
from lifecycle.draft.cells.cells import Cells
from lifecycle.draft.cells.convention import USUAL
from lifecycle.draft.sample import Sample
from lifecycle.sources import File, Files


@dataclass
class Read:
    """Columns as they were read: how, and the values of each."""

    cells: dict[str, Cells]
    values: dict[str, list[Any]]

    def doubts(self, name: str) -> list[str]:
        """The kinds of warning that a column gives."""
        return [kind for kind, _ in self.cells[name].doubts]


def read(delimiter: str = ",", identifiers: frozenset[str] = frozenset(), **given: list[Any]) -> Read:
    """Read columns of texts as those of a file with a delimiter."""
    connection = duckdb.connect()
    frame = pl.DataFrame(given, schema=dict.fromkeys(given, pl.String))
    connection.register("frame", frame)
    connection.execute("CREATE TABLE came AS FROM frame")
    sample = Sample(
        connection, Files((File("rows.csv"),)), dict.fromkeys(given, "VARCHAR"), frame.height, frame.height, usual_decimal=USUAL.get(delimiter, "")
    )
    table = columns.read(sample, identifiers)
    values = connection.sql("FROM clean").pl().to_dict(as_series=False)
    found = Read({column.name: column.cells for column in table.columns}, values)
    connection.close()
    return found


@pytest.fixture(scope="session")
def honest() -> Read:
    """A large file of plain columns, in which there is nothing to doubt."""
    import numpy as np

    random, rows = np.random.default_rng(2), 60_000
    return read(
        small=[f"{value:.3f}" for value in random.uniform(0, 1, rows)],
        three_places=[f"{value:.3f}" for value in random.uniform(1, 999, rows)],
        signed=[f"{value:.2f}" for value in random.normal(0, 50, rows)],
        count=[str(value) for value in random.integers(0, 3_000, rows)],
        year=[str(value) for value in random.integers(1950, 2024, rows)],
        number=[str(value) for value in random.integers(10_000_000, 99_999_999, rows)],
        seat=[f"{row}{letter}" for row, letter in zip(random.integers(1, 40, rows), random.choice(list("ABCDEF"), rows), strict=True)],
        size=list(random.choice(["S", "M", "L", "XL"], rows)),
        range_=[f"{low}-{low + 9}" for low in random.integers(0, 80, rows)],
        version=[f"{a}.{b}.{c}" for a, b, c in random.integers(0, 30, (rows, 3))],
        country=list(random.choice(["DE", "FR", "NA", "US", "CH", "AT"], rows)),
        word=list(random.choice(["red", "green", "blue", "none"], rows)),
        day=[str(value) for value in np.datetime64("2020-01-01") + random.integers(0, 900, rows)],
        price=[None if missing else f"{value:.2f}" for value, missing in zip(random.gamma(2, 30, rows), random.random(rows) < 0.1, strict=True)],
    )
