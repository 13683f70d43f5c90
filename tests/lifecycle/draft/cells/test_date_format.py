"""Moments are read as their writer meant them, and a doubt is said with both readings."""

import datetime as dt

import numpy as np
import pytest

from lifecycle.draft.cells.date_format import formats
from tests.lifecycle.draft.cells.conftest import Read, read

RANDOM = np.random.default_rng(7)
START = dt.datetime(2021, 1, 1, 8, 0, 5)
MOMENTS = [START + dt.timedelta(hours=37 * place, seconds=13 * place) for place in range(500)]


@pytest.mark.parametrize(
    "written",
    [
        "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%d/%m/%Y %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y %I:%M:%S %p", "%d/%m/%y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y, %H:%M:%S", "%d-%b-%y %I.%M.%S.%f %p",
        "%d-%b-%Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S +0000", "%A, %B %d, %Y %I:%M:%S %p", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S +0000", "%Y%m%dT%H%M%SZ",
        "%Y%m%d%H%M%S", "%d %B %Y %I:%M:%S%p", "%B %d, %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S UTC", "%d%b%Y:%H:%M:%S",
    ],
)  # fmt: skip
def test_a_moment_is_one_in_whatever_format(written: str) -> None:
    found = read(seen=[moment.strftime(written) for moment in MOMENTS])
    assert found.cells["seen"].type == "datetime"
    assert found.values["seen"] == MOMENTS


@pytest.mark.parametrize(
    "written", ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%m/%d/%y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%Y%m%d", "%d. %B %Y"]
)
def test_a_day_is_one_in_whatever_format(written: str) -> None:
    found = read(day=[moment.strftime(written) for moment in MOMENTS])
    assert found.cells["day"].type == "date"
    assert found.values["day"] == [moment.date() for moment in MOMENTS]
    assert found.doubts("day") == []


@pytest.mark.parametrize("written", ["%Y-%m", "%m/%Y", "%b-%y", "%B %Y", "%Y%m"])
def test_a_month_is_its_first_day(written: str) -> None:
    months = [dt.date(2000 + place // 12, 1 + place % 12, 1) for place in range(240)]
    assert read(month=[month.strftime(written) for month in months]).values["month"] == months


@pytest.mark.parametrize(("zone", "hours"), [("+02:00", -2), ("+0530", -5.5), ("EST", 5), ("CEST", -2), ("Z", 0)])
def test_a_time_zone_is_taken_into_account(zone: str, hours: float) -> None:
    gap = " " if zone.isalpha() and zone != "Z" else ""
    found = read(seen=[moment.strftime(f"%d/%b/%Y %H:%M:%S{gap}{zone}") for moment in MOMENTS])
    assert found.values["seen"][0] == START + dt.timedelta(hours=hours)


def test_a_change_to_summer_time_moves_no_row_where_the_zone_is_said() -> None:
    cells = ["2024-03-31 01:30 CET", "2024-03-31 03:30 CEST", "2024-10-27 02:30 CEST", "2024-10-27 02:30 CET"] * 30
    hours = [moment.hour for moment in read(seen=cells).values["seen"][:4]]
    assert hours == [0, 1, 0, 1]


def test_one_day_of_the_month_throughout_breaks_a_tie_and_the_doubt_is_said() -> None:
    months = [dt.date(2015 + place // 12, 1 + place % 12, 1) for place in range(96)]
    found = read(month=[f"{month:%m/%d/%Y}" for month in months])
    assert found.values["month"] == months
    assert found.doubts("month") == ["ambiguous"]
    assert "could also be" in found.cells["month"].doubts[0][1]


def test_even_steps_break_a_tie() -> None:
    days = [dt.date(2024, month, day) for month in (3, 4) for day in range(1, 13)] * 10
    found = read(day=[f"{day:%m/%d/%Y}" for day in days])
    assert found.values["day"] == days
    assert found.doubts("day") == ["ambiguous"]


def test_rows_in_order_break_a_tie() -> None:
    days = [dt.date(2010 + place // 144, 1 + place // 12 % 12, 1 + place % 12) for place in range(600)]
    assert read(day=[f"{day:%m/%d/%Y}" for day in days]).values["day"] == days


def test_another_column_of_the_file_breaks_a_tie_without_a_doubt() -> None:
    days = [dt.date(2018 + place % 5, 1 + place % 12, 1 + (place * 7) % 12) for place in range(300)]
    found = read(
        tied=[f"{day:%m/%d/%Y}" for day in days],
        proof=[f"{moment:%m/%d/%Y}" for moment in MOMENTS[:300]],
    )
    assert found.values["tied"] == days
    assert found.doubts("tied") == []


def test_two_orders_in_one_column_are_said() -> None:
    found = read(day=["13/05/2024", "05/14/2024", "01/02/2024", "25/12/2023"] * 40)
    assert found.doubts("day") == ["ambiguous"]


def test_a_birth_of_two_digits_lies_in_the_past() -> None:
    births = [dt.date(1935, 1, 5) + dt.timedelta(days=57 * place) for place in range(400)]
    assert read(birth=[f"{birth:%d/%m/%y}" for birth in births]).values["birth"] == births


def test_a_card_may_end_in_the_future() -> None:
    ends = [dt.date(2027 + place % 8, 1 + place % 12, 28) for place in range(200)]
    assert read(valid_until=[f"{end:%d/%m/%y}" for end in ends]).values["valid_until"] == ends


@pytest.mark.parametrize("text", ["12.5", "1.234", "192.168.1.1", "3/4", "hello", "1-2-3", "12345678901", "99/99/2024", "2024-13-45", "May", ""])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert formats(text) == ()


def test_numbers_that_could_be_days_are_so_where_all_are(honest: Read) -> None:
    assert honest.cells["number"].type == "int"
    assert honest.cells["year"].type == "int"
    assert honest.cells["day"].sql == ""
