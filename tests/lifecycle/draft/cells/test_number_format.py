"""Numbers keep their value, however their writer writes them."""

import math
import re

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.draft.cells import number_format
from tests.lifecycle.draft.cells.conftest import Read, read

RANDOM = np.random.default_rng(6)
VALUES = [round(float(value), 2) for value in RANDOM.uniform(-900_000, 900_000, 300)]


def european(value: float, places: int = 2) -> str:
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    "write",
    [
        lambda value: f"{value:,.2f}",
        european,
        lambda value: f"({-value:.2f})" if value < 0 else f"{value:.2f}",
        lambda value: f"({-value:,.2f})" if value < 0 else f"{value:,.2f}",
        lambda value: f"{-value:.2f}-" if value < 0 else f"{value:.2f}",
        lambda value: f"{value:.2f}".replace("-", "\u2212"),
        lambda value: f"{value:,.2f}".replace(",", "\u202f"),
        lambda value: f"{value:,.2f}".replace(",", " ").replace(".", ","),
        lambda value: f"{value:,.2f}".replace(",", "\u00a0"),
        lambda value: f"{value:,.2f}".replace(",", "'"),
        lambda value: f"{value:,.2f}".replace(",", "\u2019"),
        lambda value: f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}",
        lambda value: f"$({-value:,.2f})" if value < 0 else f"${value:,.2f}",
        lambda value: f"{european(value)} \u20ac",
        lambda value: f"CHF {value:,.2f}".replace(",", "'"),
        lambda value: f"{value:.2f} USD",
        lambda value: f"{value:.2f}%",
        lambda value: f"{value:.2f} kg",
        lambda value: f"{value:.2f}mg/dL",
        lambda value: f"{value:.2f} widgets",
        lambda value: f"{value:+.2f}",
        lambda value: f"{value:.6e}",
    ],
)
def test_a_number_keeps_its_value(write) -> None:
    found = read(amount=[write(value) for value in VALUES])
    assert found.cells["amount"].type == "float"
    assert np.allclose(found.values["amount"], VALUES, rtol=1e-6)


@pytest.mark.parametrize(
    ("other", "cells", "means"),
    [
        (["12,5", "3,75"], ["0,996", "94,998", "1,100"], [0.996, 94.998, 1.1]),
        (["1.234,5", "0,25"], ["994.329", "950", "12.500"], [994_329, 950, 12_500]),
        (["7,5", "8,25"], ["1.234.567", "2.345", "999"], [1_234_567, 2_345, 999]),
        (["12.5", "3.75"], ["0.996", "94.998", "1.100"], [0.996, 94.998, 1.1]),
        (["1,234.50", "9.75"], ["1,100", "12,500", "950"], [1_100, 12_500, 950]),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_one_column_proves_holds_for_the_others_of_the_file(delimiter: str, other: list[str], cells: list[str], means: list[float]) -> None:
    found = read(delimiter, proof=other * 30, doubtful=(cells * 30)[: 30 * len(other)])
    assert found.values["doubtful"][: len(means)] == pytest.approx(means)
    assert found.doubts("doubtful") == []


@pytest.mark.parametrize(
    ("delimiter", "cells", "means", "doubted"),
    [
        (";", ["1.234", "12.345", "123.456"], [1_234, 12_345, 123_456], True),
        (";", ["1,234", "12,345", "123,456"], [1.234, 12.345, 123.456], True),
        ("\t", ["1,234", "12,345", "123,456"], [1_234, 12_345, 123_456], True),
        (",", ["1,234", "12,345", "123,456"], [1_234, 12_345, 123_456], True),
        (",", ["1.234", "12.345", "123.456"], [1.234, 12.345, 123.456], False),
        (",", ["1,234", "950", "7"], [1_234, 950, 7], False),
    ],
)
def test_where_nothing_decides_both_readings_of_a_cell_are_said(delimiter: str, cells: list[str], means: list[float], doubted: bool) -> None:
    found = read(delimiter, doubtful=cells * 50)
    assert found.values["doubtful"][:3] == pytest.approx(means)
    assert found.doubts("doubtful") == ["ambiguous"] * doubted
    if doubted:
        text = found.cells["doubtful"].doubts[0][1]
        cell = re.match(r"'(.+)' is read as (\S+); it could also be (\S+) ", text)
        assert cell
        assert cell[1] in cells
        assert {float(cell[2]), float(cell[3])} == {float(cell[1].replace(",", ".")), float(re.sub(r"\D", "", cell[1]))}


def test_a_few_negative_ones_among_many_are_found_though_a_sample_has_none() -> None:
    cells = [f"{value:.1f}" for value in RANDOM.uniform(1, 100, 70_000)]
    cells[12_345] = "(88.5)"
    found = read(amount=cells)
    assert found.values["amount"][12_345] == -88.5
    assert found.cells["amount"].lost == 0


@pytest.mark.parametrize(
    ("cells", "units"),
    [(["12 kg", "500 g", "3 kg"], ["kg", "g", "kg"]), (["$5", "\u20ac6", "$7"], ["$", "\u20ac", "$"]), (["1.2k", "3M", "4k"], ["k", "M", "k"])],
)
def test_several_units_are_a_column_of_their_own_and_are_said(cells: list[str], units: list[str]) -> None:
    found = read(amount=cells * 40)
    assert found.values["amount_unit"][:3] == units
    assert found.doubts("amount") == ["units"]


def test_two_names_of_one_unit_are_one() -> None:
    found = read(amount=["$5", "6 USD", "$7"] * 40)
    assert set(found.values) == {"amount"}
    assert found.doubts("amount") == []


def test_shares_with_and_without_the_sign_for_them_are_said() -> None:
    assert read(share=["12%", "0.5", "7%"] * 40).doubts("share") == ["units"]


@pytest.mark.parametrize(("cell", "side"), [("<0.5", "below"), ("< 0.5", "below"), (">0.5", "above"), ("\u22640.5", "below"), ("\u22650.5", "above")])
def test_what_lies_beyond_a_limit_is_read_as_the_limit_and_told_apart(cell: str, side: str) -> None:
    found = read(lead=[cell, "1.5", "2.25"] * 40)
    assert found.values["lead"][:3] == [0.5, 1.5, 2.25]
    assert found.doubts("lead") == ["limits"]
    assert found.values["lead_limit"][1] == "within"
    assert found.values["lead_limit"][0] == side


@pytest.mark.parametrize("odd", ["inf", "-Infinity", "1e300", "1e999"])
@pytest.mark.parametrize("often", [1, 30])
def test_a_number_that_nothing_can_be_computed_of_is_none(odd: str, often: int) -> None:
    found = read(amount=[odd] * often + [f"{value}" for value in VALUES])
    assert found.cells["amount"].type == "float"
    assert found.cells["amount"].lost == often
    assert found.values["amount"][0] is None
    assert all(math.isfinite(value) for value in found.values["amount"] if value is not None)


@pytest.mark.parametrize(
    "cells",
    [
        ["A12", "B7", "C30"],
        ["12A", "14B", "9C", "7D"],
        ["R0001", "R0002"],
        ["1.2.3", "10.0.1"],
        ["12:30", "9:15"],
        ["5-10", "10-20"],
        ["<=50K", ">50K"],
        ["<18", "18-30", ">30"],
        ["1st", "2nd", "3rd"],
    ],
)
def test_codes_with_numbers_in_them_stay_texts(cells: list[str]) -> None:
    assert read(code=cells * 40).cells["code"].type == "str"


def test_nothing_is_seen_in_a_large_honest_file(honest: Read) -> None:
    assert {name: cells.doubts for name, cells in honest.cells.items() if cells.doubts} == {}
    assert {name: cells.sql for name, cells in honest.cells.items() if cells.sql} == {}
    types = {name: cells.type for name, cells in honest.cells.items()}
    assert {name for name, of in types.items() if of == "float"} == {"small", "three_places", "signed", "price"}
    assert {name for name, of in types.items() if of == "int"} == {"count", "year", "number"}
    assert {name for name, of in types.items() if of == "date"} == {"day"}
    assert honest.values["country"].count("NA") > 5_000


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.decimals(-(10**9), 10**9, places=3, allow_nan=False), min_size=3, max_size=8),
    st.sampled_from([".", ","]),
    st.sampled_from(["", " ", "\u00a0", "\u2009", "'", "group"]),
    st.sampled_from(["{}", "{} kg", "$ {}", "{}%", "{} EUR"]),
    st.sampled_from(["-", "\u2212", "()", "x-"]),
)
def test_sql_reads_what_was_written(values, decimal: str, thousands: str, around: str, negative: str) -> None:
    group = {".": ",", ",": "."}[decimal] if thousands == "group" else thousands
    cells = []
    for value in values:
        digits = f"{abs(value):,.3f}".replace(",", "\0").replace(".", decimal).replace("\0", group)
        text = around.format(digits)
        cells.append(text if value >= 0 else {"()": f"({text})", "x-": f"{text}-"}.get(negative, f"{negative}{text}"))
    written = number_format.evidence([(cell, 1) for cell in cells]).format(decimal)
    read_back = duckdb.sql(f"SELECT TRY_CAST({written.sql('v')} AS DOUBLE) FROM (SELECT unnest($cells) AS v)", params={"cells": cells}).fetchall()
    assert [row[0] for row in read_back] == pytest.approx([float(value) for value in values], abs=1e-6)
