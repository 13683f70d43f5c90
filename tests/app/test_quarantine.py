import json
from pathlib import Path

import polars as pl
import pytest

from tests.app.conftest import Lifecycle
from tests.app.test_cli import one_line
from tests.toys import visits

pytestmark = pytest.mark.system

NARROW = """
from tests.toys import Visit, toy

use_case = toy("{name}")
"""


def test_rows_are_kept_out_listed_exported_repaired_and_loaded_again(lifecycle: Lifecycle, definitions: Path, tmp_path: Path) -> None:
    (definitions / "clinic.py").write_text(NARROW.format(name="clinic"))
    rows = visits(300).with_columns(pl.col("amount").cast(pl.String))
    rows[4, "amount"], rows[6, "kind"] = "12 EUR", "z"
    rows.write_csv(tmp_path / "day.csv")
    done = json.loads(lifecycle("ingest", "clinic", "--source", str(tmp_path / "day.csv"), "--json").stdout.splitlines()[-1])
    assert (done["snapshot"]["quarantined"], done["alarms"]) == (2, [])
    assert done["notes"] == ["1 cell of amount is no DOUBLE, e.g. '12 EUR'"]

    listed = json.loads(lifecycle("quarantine", "clinic", "--json").stdout)
    assert [(each["row"], each["column"], each["value"], each["rows"]) for each in listed["reasons"]] == [
        (5, "amount", "12 EUR", 1),
        (7, "kind", "z", 1),
    ]
    assert "12 EUR" in lifecycle("quarantine", "clinic").stdout
    found = {each["name"]: each for each in json.loads(lifecycle("list", "--json").stdout)["use_cases"]}
    assert (found["clinic"]["rows"], found["clinic"]["quarantined"], found["clinic"]["notes"]) == (298, 2, done["notes"])

    file = tmp_path / "bad.csv"
    assert json.loads(lifecycle("quarantine", "clinic", "--export", str(file), "--json").stdout)["rows"] == 2
    file.write_text(file.read_text().replace("12 EUR", "12", 1).replace(",z,", ",a,", 1))
    assert json.loads(lifecycle("quarantine", "clinic", "--retry", str(file), "--json").stdout)["kept"] == 2
    again = json.loads(lifecycle("quarantine", "clinic", "--retry", str(file), "--json").stdout)
    assert (again["kept"], again["batch"], again["before"]) == (0, 0, 2)
    assert "2 have left it" in lifecycle("quarantine", "clinic").stdout


def test_an_export_says_which_cells_a_spreadsheet_would_run_and_keeps_them(lifecycle: Lifecycle, definitions: Path, tmp_path: Path) -> None:
    (definitions / "formulas.py").write_text(NARROW.format(name="formulas"))
    rows = visits(300).with_columns(pl.col("amount").cast(pl.String))
    rows[4, "amount"], rows[5, "kind"] = '=HYPERLINK("http://x")', "\x1b[2J[red]"
    rows.write_csv(tmp_path / "day.csv")
    lifecycle("ingest", "formulas", "--source", str(tmp_path / "day.csv"))
    file = tmp_path / "bad.csv"
    done = lifecycle("quarantine", "formulas", "--export", str(file))
    assert done.returncode == 0
    assert "1 of 'amount', 1 of '_value'" in one_line(done.stderr)
    assert pl.read_csv(file, infer_schema=False)["amount"].to_list()[0] == rows[4, "amount"]
    assert lifecycle("quarantine", "formulas", "--export", str(tmp_path / "bad.parquet")).stderr == ""
    asked = lifecycle("sql", "SELECT value, record FROM formulas.quarantine")
    assert "1 of 'value'" in one_line(asked.stderr)
    assert '"=HYPERLINK(""http://x"")"' in asked.stdout
    listed = lifecycle("quarantine", "formulas").stdout
    assert "\u241b[2J[red]" in listed
    assert "\x1b" not in listed


def test_mistakes_are_one_line(lifecycle: Lifecycle, tmp_path: Path) -> None:
    for arguments, says, code in (
        (["quarantine", "shop", "--export", str(tmp_path / "bad.docx")], ".csv or .parquet", 1),
        (["quarantine", "shop", "--retry", str(tmp_path / "none.csv")], "does not exist", 1),
        (["quarantine", "shop", "--export", "a.csv", "--retry"], "two steps", 1),
        (["quarantine", "shpo"], "'shop'?", 2),
    ):
        done = lifecycle(*arguments)
        assert done.returncode == code
        assert says in one_line(done.stderr)
