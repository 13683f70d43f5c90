"""Identifiers keep their leading zeros, and what failed to be a number or a moment is said."""

import numpy as np
import pytest

from tests.lifecycle.draft.cells.conftest import Read, read

RANDOM = np.random.default_rng(4)
MANY = [str(value) for value in RANDOM.permutation(np.arange(100_000, 999_999))[:1_000]]


@pytest.mark.parametrize(
    ("name", "zeros", "identifiers"),
    [("account", 3, frozenset({"account"})), ("customer_id", 1, frozenset()), ("anything", 2, frozenset()), ("zip", 300, frozenset())],
)
def test_a_few_leading_zeros_make_codes_of_identifiers(name: str, zeros: int, identifiers: frozenset[str]) -> None:
    cells = [f"0{cell[1:]}" if place < zeros else cell for place, cell in enumerate(MANY)]
    found = read(",", identifiers, **{name: cells})
    assert found.cells[name].type == "str"
    assert found.values[name] == cells


def test_a_zero_before_a_few_measurements_makes_no_code_of_them() -> None:
    cells = [str(value) for value in RANDOM.integers(1, 400, 5_000)]
    cells[7] = "05"
    found = read(count=cells)
    assert found.cells["count"].type == "int"
    assert found.values["count"][7] == 5
    assert "begin with a zero" in " ".join(found.cells["count"].said)


@pytest.mark.parametrize(
    "cells",
    [
        ["12.5", "13", "high", "14.25", "low"],
        ["2024-01-05", "2024-02-06", "soon", "2024-03-07", "later"],
        ["$5", "$6", "ask", "$7", "see below"],
    ],
)
def test_a_column_that_failed_to_be_read_is_said(cells: list[str]) -> None:
    found = read(half=cells * 50)
    assert found.cells["half"].type == "str"
    assert found.doubts("half") == ["unread"]


def test_texts_are_no_failed_numbers(honest: Read) -> None:
    assert all(not honest.doubts(name) for name in ("seat", "size", "range_", "version", "country", "word"))
