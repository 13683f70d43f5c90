"""Parts of dates: what they are, that a missing date has none, and that a year's end is beside its beginning."""

import datetime as dt
import doctest

import polars as pl
import pytest

from lifecycle import dates
from lifecycle.table.feature_table import compute
from tests.toys import toy, visits


def test_the_parts_of_a_moment():
    rows = pl.DataFrame({"at": [dt.datetime(2026, 3, 7, 18, 30), None]})
    found = rows.select(dates.parts("at"))
    first = found.row(0, named=True)
    assert [first[f"at_{name}"] for name in ("year", "month", "day", "weekday", "hour")] == [2026, 3, 7, 6, 18]
    assert first["at_days"] == (dt.datetime(2026, 3, 7, 18, 30) - dt.datetime(1970, 1, 1)).total_seconds() / 86_400
    assert set(found.row(1)) == {None}


def test_a_date_needs_no_clock():
    found = pl.DataFrame({"on": [dt.date(1969, 12, 31)]}).select(dates.parts("on", clock=False))
    assert found["on_days"].item() == -1
    assert not [name for name in found.columns if "hour" in name or "in_day" in name]


def test_new_years_eve_is_beside_new_years_day():
    rows = pl.DataFrame({"on": [dt.date(2025, 12, 31), dt.date(2026, 1, 1), dt.date(2026, 7, 1)]})
    found = rows.select(dates.parts("on", clock=False)).select("on_in_year_sin", "on_in_year_cos").to_numpy()
    assert ((found[0] - found[1]) ** 2).sum() < 0.001
    assert ((found[0] - found[2]) ** 2).sum() == pytest.approx(4, abs=0.01)


def test_a_definition_may_return_them():
    use_case = toy("dates", features=lambda rows: rows.select("amount", *dates.parts("at")))
    assert compute(use_case, visits(50)).width == 13


def test_the_example_is_true():
    assert doctest.testmod(dates).failed == 0
