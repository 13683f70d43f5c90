"""Marks for what is missing count where they are likely to mean it, and nowhere else."""

import pytest

from tests.lifecycle.draft.cells.conftest import read


@pytest.mark.parametrize(
    ("cells", "mark", "kept"),
    [
        (["DE", "NA", "FR", "US", "CH"], "NA", True),
        (["Rome", "NA", "Oslo", "Bern", "Wien", "Ulm", "Kiel"], "NA", False),
        (["+", "-", "+", "+"], "-", True),
        (["++", "-", "+", "--"], "-", True),
        (["left", "-", "right", "left", "right", "left", "right", "left", "right"], "-", False),
        (["ok", "?", "bad", "ok", "ok", "bad", "ok", "bad"], "?", False),
        (["ok", "?"], "?", True),
        (["ok", "#N/A", "bad"], "#N/A", False),
        (["none", "garage", "carport"], "none", True),
        (["Unknown", "red", "blue"], "Unknown", True),
    ],
)
def test_a_mark_among_texts(cells: list[str], mark: str, kept: bool) -> None:
    found = read(code=cells * 60)
    assert (mark in found.values["code"]) is kept


@pytest.mark.parametrize("mark", ["NA", "-", "?", "n/a", ".", "NULL", "None", "unknown", "#DIV/0!", "k.A.", "\u2013"])
def test_a_mark_among_numbers_or_dates_is_missing(mark: str) -> None:
    found = read(number=[mark, "1.5", "2", "3"] * 40, day=["2024-01-05", mark, "2024-02-07", "2024-03-09"] * 40)
    assert found.values["number"][:2] == [None, 1.5]
    assert found.values["day"][1] is None
    assert found.cells["number"].missing == {mark: 40}
    assert found.cells["number"].lost == 0


def test_one_column_loses_a_mark_and_another_keeps_it() -> None:
    found = read(country=["DE", "NA", "FR", "US"] * 50, amount=["NA", "1", "2", "3"] * 50)
    assert found.values["country"].count("NA") == 50
    assert found.values["amount"].count(None) == 50
    assert "'NA' is kept as a value" in found.cells["country"].said
