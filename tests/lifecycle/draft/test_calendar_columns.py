"""Columns for year, month, week and day make a time together; a count of weeks is an order; a year of construction is neither."""

from typing import Any

import numpy as np
import pytest

from lifecycle.draft.draft import Draft
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, roles, table

RANDOM = np.random.default_rng(5)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEAR, MONTH, DAY = RANDOM.integers(2015, 2019, ROWS), RANDOM.integers(1, 13, ROWS), RANDOM.integers(1, 29, ROWS)
NAMED = [MONTHS[month - 1] for month in MONTH]


def first_rows(made: Draft, column: str) -> list[Any]:
    return [str(value) for (value,) in made.table.sample.connection.execute(f'SELECT "{column}" FROM clean LIMIT 20').fetchall()]


PARTS = {
    "year, month, day": ({"year": YEAR, "month": MONTH, "day": DAY}, lambda at: f"{YEAR[at]}-{MONTH[at]:02}-{DAY[at]:02}"),
    "other names": ({"YrSold": YEAR, "MoSold": MONTH}, lambda at: f"{YEAR[at]}-{MONTH[at]:02}-01"),
    "months by name": ({"Year": YEAR, "Month": NAMED, "DayOfMonth": DAY}, lambda at: f"{YEAR[at]}-{MONTH[at]:02}-{DAY[at]:02}"),
    "weeks of a month": (
        {"Month": NAMED, "WeekOfMonth": DAY // 7 + 1, "DayOfWeek": ["Monday"] * (ROWS // 2) + ["Friday"] * (ROWS // 2), "MonthClaimed": NAMED, "Year": YEAR},
        lambda at: f"{YEAR[at]}-{MONTH[at]:02}-{DAY[at] // 7 * 7 + 1:02}",
    ),
    "quarters": ({"year": YEAR, "quarter": (MONTH - 1) // 3 + 1}, lambda at: f"{YEAR[at]}-{(MONTH[at] - 1) // 3 * 3 + 1:02}-01"),
    "one year": ({"year": [2013] * ROWS, "month": MONTH, "day": DAY}, lambda at: f"2013-{MONTH[at]:02}-{DAY[at]:02}"),
    "years of two digits": ({"yr": YEAR - 2000, "mnth": MONTH}, lambda at: f"{YEAR[at]}-{MONTH[at]:02}-01"),
}  # fmt: skip


@pytest.mark.parametrize("parts", PARTS)
def test_parts_of_a_date_are_put_together_and_the_newest_rows_judge(parts: str, drafted: Drafted) -> None:
    columns, date = PARTS[parts]
    made = drafted(table(**columns))
    assert roles(made)["date"] == ("time",)
    assert made.choices.split == "TimeSplit"
    assert first_rows(made, "date") == [date(at) for at in range(20)]
    use_case, schema = code(made)
    assert "put together from" in use_case
    assert "select=COLUMNS" in use_case
    assert "date: dt.date = column" in schema
    assert not {"year", "Year", "YrSold", "yr"} & {name for name, role in roles(made).items() if role == ("feature",)}


def test_an_hour_makes_it_a_moment(drafted: Drafted) -> None:
    hour = RANDOM.integers(0, 24, ROWS)
    made = drafted(table(year=YEAR, month=MONTH, day=DAY, hour=hour))
    assert roles(made)["time"] == ("time",)
    assert first_rows(made, "time") == [f"{YEAR[at]}-{MONTH[at]:02}-{DAY[at]:02} {hour[at]:02}:00:00" for at in range(20)]


def test_weeks_of_a_year_are_put_together(drafted: Drafted) -> None:
    made = drafted(table(year=YEAR, week=RANDOM.integers(1, 53, ROWS)))
    assert roles(made)["date"] == ("time",)
    assert made.choices.split == "TimeSplit"


@pytest.mark.parametrize(
    "columns",
    [
        {"week": RANDOM.integers(1, 146, ROWS)},
        {"week": np.arange(ROWS) * 50 // ROWS + 1},
        {"step": np.arange(ROWS) // 3},
        {"day": np.arange(ROWS) // 2},
    ],
    ids=["a count of weeks", "weeks in their order", "steps", "a count of days"],
)
def test_a_count_of_weeks_or_steps_is_the_order(columns: dict[str, Any], drafted: Drafted) -> None:
    made = drafted(table(**columns))
    (name,) = columns
    assert roles(made)[name] == ("order",)
    assert made.choices.split == "OrderSplit"
    assert f'{name}: int = column("order")' in code(made)[1]
    assert f'"{name}"' not in code(made)[0].split("def features")[1]


@pytest.mark.parametrize(
    "columns",
    [
        {"year": YEAR, "km": RANDOM.integers(0, 200_000, ROWS)},
        {"YearBuilt": YEAR, "month": MONTH},
        {"birth_year": YEAR, "birth_month": MONTH},
        {"month": NAMED, "day": DAY},
        {"week": RANDOM.integers(1, 53, ROWS)},
        {"hour": RANDOM.integers(0, 24, ROWS), "weekday": DAY % 7},
        {"step": RANDOM.integers(1, 9, ROWS)},
    ],
    ids=lambda columns: ", ".join(columns),
)
def test_what_says_no_moment_of_the_row_stays_an_input(columns: dict[str, Any], drafted: Drafted) -> None:
    made = drafted(table(**columns))
    assert all(roles(made)[name] == ("feature",) for name in columns)
    assert made.choices.split == "StratifiedSplit"
