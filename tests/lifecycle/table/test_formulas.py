"""A file of rows is not changed for the sake of spreadsheets; what they would run is named."""

import duckdb
import polars as pl
import pytest

from lifecycle.table import formulas


def said(columns: dict[str, list[object]]) -> str:
    frame = pl.DataFrame(columns)
    with duckdb.connect() as connection:
        connection.register("found", frame)
        return formulas.note(frame.columns, formulas.found(connection, "FROM found"))


@pytest.mark.parametrize("cell", ["=1+1", "=cmd|'/c calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-x", "+A1"])  # noqa: RUF001
def test_a_cell_that_a_spreadsheet_would_run_is_named_with_its_column(cell: str) -> None:
    told = said({"note": ["fine", cell, cell], "kind": ["a", "b", "c"]})
    assert "2 of 'note'" in told
    assert "kind" not in told
    assert f"the name '{cell}'" in said({cell: [1]})


@pytest.mark.parametrize("cell", ["-1", "+49 123", "-1.5e-3", "-1,5", "-", "--"[:1], "", "a=1", "-12 %"[:3], "3 - 2"])
def test_numbers_and_plain_texts_are_none(cell: str) -> None:
    assert said({"note": [cell], "number": [-1]}) == ""
