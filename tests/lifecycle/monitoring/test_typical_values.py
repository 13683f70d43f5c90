"""What a row usually holds: of the columns as they come, and nothing that is somebody's own."""

import datetime as dt

import polars as pl
import pytest

from lifecycle.monitoring.typical_values import _of, typical
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from tests.toys import toy, visits


def test_columns_as_they_come_have_a_value_and_a_person_has_none() -> None:
    use_case = toy("usual", parameters={"rows": 500})
    snapshot = validate(use_case, collect(use_case))
    found, rows = typical(use_case, snapshot.version), visits(500)
    assert not {"visit", "customer", "bought"} & set(found)
    assert found["amount"]["example"] in rows["amount"].to_list()
    assert found["amount"]["example"] == pytest.approx(float(rows["amount"].quantile(0.5) or 0), rel=0.02)
    assert found["at"]["example"] == rows["at"].to_list()[-1].isoformat()
    assert found["kind"]["example"] == rows["kind"].drop_nulls().mode()[0]


def test_a_text_that_few_rows_have_is_not_shown() -> None:
    column = next(column for column in toy("plain_usual").columns.all if column.name == "kind")
    names = pl.Series("kind", [f"person {at}" for at in range(500)] + ["usual"] * 20 + [None] * 5)
    assert _of(names, column) == {"example": "usual", "suggestions": ["usual"]}
    assert _of(names.head(500), column) == {}
    assert _of(pl.Series("kind", [None], dtype=pl.String), column) == {}


def test_moments_and_numbers_become_json() -> None:
    by_name = {column.name: column for column in toy("plain_usual").columns.all}
    assert _of(pl.Series([dt.datetime(2026, 1, 2)]), by_name["at"]) == {"example": "2026-01-02T00:00:00"}
    assert _of(pl.Series([True, True, False]), by_name["bought"]) == {"example": True}
