import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifecycle.draft.draft import Options, draft
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, table

AMOUNTS = np.random.default_rng(5).gamma(2, 900, ROWS).round(2)


@pytest.mark.parametrize(
    "write",
    [
        lambda value: f"{value:,.2f}",
        lambda value: f"${value:,.2f}",
        lambda value: f"{value:.2f}%",
        lambda value: f"{value:.2f} €",
        lambda value: f"{value:,.2f}".translate(str.maketrans(",.", ".,")),
        lambda value: f" {value:.2f} ",
    ],
    ids=["thousands", "dollars", "per cent", "euros", "decimal comma", "spaces"],
)
def test_a_number_is_one_however_it_is_written(drafted: Drafted, write: Any) -> None:
    found = drafted(table(amount=[write(value) for value in AMOUNTS])).table["amount"]
    assert found.type == "float"
    assert found.nulls == 0
    assert (found.low, found.high) == (AMOUNTS.min(), AMOUNTS.max())


def test_blanks_among_numbers_are_missing_and_the_schema_and_the_report_say_so(drafted: Drafted) -> None:
    made = drafted(table(total=[" " if i % 100 == 0 else f"{value}" for i, value in enumerate(AMOUNTS)]))
    use_case, schema = code(made)
    assert made.table["total"].type == "float"
    assert "total: float = column(nullable=True)" in schema
    assert "10 blank cells" in schema
    assert "10 blank cells" in use_case
    assert '"total"' in use_case


def test_marks_for_what_is_missing_are_said_and_read_as_such(drafted: Drafted) -> None:
    made = drafted(table(total=["?" if i % 50 == 0 else "N/A" if i % 51 == 0 else f"{value}" for i, value in enumerate(AMOUNTS)]))
    assert made.table["total"].type == "float"
    assert made.table["total"].nulls == 39
    assert 'null=("?", "N/A")' in code(made)[0]


def test_few_cells_of_another_type_are_quarantined_and_many_are_missing(drafted: Drafted) -> None:
    few = drafted(table(total=["oops" if i in (3, 9) else f"{value}" for i, value in enumerate(AMOUNTS)]))
    assert any("quarantine" in warning.text and "total 2" in warning.text for warning in few.warnings)
    assert "TRY_CAST" not in code(few)[0]
    many = drafted(table(total=["n.k." if i % 20 == 0 else f"{value}" for i, value in enumerate(AMOUNTS)]))
    assert "50 cells are no numbers, such as 'n.k.': they count as missing" in code(many)[1]
    assert "TRY_CAST" in code(many)[0]


def test_codes_with_leading_zeros_and_endless_numbers_stay_text(drafted: Drafted) -> None:
    made = drafted(table(zip=[f"{i % 90:05d}" for i in range(ROWS)], wide=[str(10**22 + i % 50) for i in range(ROWS)]))
    assert made.table["zip"].type == "str"
    assert made.table["wide"].type == "str"


def test_yes_and_no_in_many_spellings_are_one_truth(drafted: Drafted) -> None:
    made = drafted(table(member=[["0", "1", "Y", "N", "yes", "No"][i % 6] for i in range(ROWS)]))
    assert made.table["member"].type == "bool"
    assert dict(made.table["member"].tops) == {False: 500, True: 500}


@pytest.mark.parametrize("formats", [["%d/%m/%Y"], ["%Y-%m-%d"], ["%d.%m.%Y", "%Y-%m-%d"], ["%m/%d/%Y %I:%M %p"], ["%b %d, %Y"], ["%d-%b-%y"]])
def test_a_date_is_one_in_whatever_format_or_in_several(drafted: Drafted, formats: list[str]) -> None:
    days = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=13 * i) for i in range(ROWS)]
    found = drafted(table(day=[day.strftime(formats[i % len(formats)]) for i, day in enumerate(days)])).table["day"]
    assert found.moment
    assert found.nulls == 0
    assert str(found.low).startswith("2024-01-01")
    assert str(found.high)[:10] == str(days[-1])[:10]


def test_a_column_that_is_known_nowhere_or_of_a_few_rows_alone_is_no_error(drafted: Drafted) -> None:
    made = drafted(
        table(
            never=[None] * ROWS,
            once=[1.5 if place == 3 else None for place in range(ROWS)],
            few=["a" if place < 5 else None for place in range(ROWS)],
        )
    )
    assert made.table["never"].roles == ("ignored",)
    assert made.choices.split == "StratifiedSplit"


def test_what_is_no_row_is_not_counted_as_one(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    lines = [f"{place},{place % 7},{'yes' if place % 3 else 'no'}" for place in range(300)]
    file.write_text("\n".join(["id,size,y", *lines[:150], "id,size,y", *lines[150:], "Total,900,"]) + "\n")
    made = draft("drafted", str(file), Options(target="y"))
    assert (made.table.sample.total, made.table.sample.rows, made.table.sample.unreadable) == (300, 300, 2)
    assert not any("blank" in said for column in made.table.columns for said in column.cells.said)
