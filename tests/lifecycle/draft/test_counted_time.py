"""Numbers that count time are moments where their name and their range say so."""

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl
import pytest

from lifecycle.draft import columns, time_column
from lifecycle.draft.sample import Sample
from lifecycle.sources import File, Files

MOMENTS = [dt.datetime(2021, 3, 4, 5, 0) + dt.timedelta(hours=7 * place) for place in range(400)]
SINCE_1900 = [(moment - dt.datetime(1899, 12, 30)).total_seconds() / 86_400 for moment in MOMENTS]
SINCE_1970 = [(moment - dt.datetime(1970, 1, 1)).total_seconds() for moment in MOMENTS]


def found(name: str, cells: list[str]) -> columns.ColumnProfile:
    connection = duckdb.connect()
    connection.register("frame", pl.DataFrame({name: cells}))
    connection.execute("CREATE TABLE came AS FROM frame")
    table = columns.read(Sample(connection, Files((File(str(Path("rows.csv"))),)), {name: "VARCHAR"}, len(cells), len(cells), usual_decimal="."))
    time_column.find(table, "")
    return table.columns[0]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("ts", [f"{value:.0f}" for value in SINCE_1970]),
        ("created_at", [f"{value * 1e3:.0f}" for value in SINCE_1970]),
        ("event_time", [f"{value * 1e6:.0f}" for value in SINCE_1970]),
        ("timestamp", [f"{value * 1e9:.0f}" for value in SINCE_1970]),
        ("ts", [f"{value:.1f}" for value in SINCE_1970]),
        ("date", [f"{value:.6f}" for value in SINCE_1900]),
        ("Order Date", [f"{value:,.6f}" for value in SINCE_1900]),
    ],
)
def test_counted_time_is_a_moment(name: str, cells: list[str]) -> None:
    column = found(name, cells)
    assert column.type == "datetime"
    assert abs(column.low - MOMENTS[0]) < dt.timedelta(seconds=1)
    assert abs(column.high - MOMENTS[-1]) < dt.timedelta(seconds=1)
    assert "time" in column.roles


@pytest.mark.parametrize(
    ("name", "cells"), [("price", [f"{value:.2f}" for value in SINCE_1900]), ("phone", [f"{value:.0f}" for value in SINCE_1970])]
)
def test_a_number_in_the_range_is_none_without_a_name_that_says_so(name: str, cells: list[str]) -> None:
    assert found(name, cells).type in ("int", "float")
