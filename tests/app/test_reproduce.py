"""A version made again as a user asks for it, after its code, its data and its definition have become others or are gone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import Lifecycle

pytestmark = pytest.mark.system

NAME = "again_shop"
CASE = """
import json
from pathlib import Path

import again_helper
from lifecycle.candidates import boosting
from lifecycle.usecase import Tuning
from tests.toys import Visit, toy

RATES = json.loads((Path(__file__).parent / "again_rates.json").read_text())


def features(rows):
    return again_helper.inputs(rows, RATES)


use_case = toy("again_shop", features=features, tuning=Tuning(trials=1), candidates=(boosting(),), parameters={parameters})
"""
HELPER = """
import polars as pl


def inputs(rows, rates):
    return rows.select("kind", amount=pl.col("amount") * rates[0])
"""


@pytest.fixture(scope="module")
def place(definitions: Path) -> Iterator[Path]:
    write(definitions, CASE.replace("{parameters}", '{"rows": 2_500}'), HELPER, "[2.0]")
    yield definitions
    for name in ("again_shop.py", "again_helper.py", "again_rates.json"):
        (definitions / name).unlink(missing_ok=True)


def write(folder: Path, case: str, helper: str, rates: str) -> None:
    (folder / "again_shop.py").write_text(case)
    (folder / "again_helper.py").write_text(helper)
    (folder / "again_rates.json").write_text(rates)


def reproduced(lifecycle: Lifecycle, code: int = 0) -> dict[str, Any]:
    done = lifecycle("reproduce", NAME, "1", "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_version_is_made_again_with_its_own_code_whatever_has_become_of_it(lifecycle: Lifecycle, place: Path, home: Path) -> None:
    assert lifecycle("run", NAME, "--json").returncode == 0
    first = reproduced(lifecycle)
    assert (first["identical"], first["same_code"], first["same_libraries"], first["missing"]) == (True, True, True, "")
    assert (first["rows"], first["largest_difference"]) == (2_500, 0.0)
    # Other rows come, and features(), its helper and its table are edited.
    write(place, CASE.replace("{parameters}", '{"rows": 3_000, "seed": 5}'), HELPER.replace("rates[0]", "rates[0] + 1"), "[7.0]")
    assert lifecycle("ingest", NAME, "--json").returncode == 0
    assert reproduced(lifecycle) == first
    for name in ("again_helper.py", "again_rates.json", "again_shop.py"):
        (place / name).unlink()
    assert reproduced(lifecycle) == first, "the definition need not be here any more"
    assert list((home / "reproduce").iterdir()) == [], "nothing is left"
    (stored,) = (home / "mlflow" / NAME).rglob("code.tar.gz")
    kept = stored.read_bytes()
    stored.write_bytes(kept + b"x")
    write(place, CASE.replace("{parameters}", "{}"), HELPER.replace("rates[0]", "0"), "[7.0]")
    other = reproduced(lifecycle, code=1)
    assert (other["identical"], other["same_code"], other["code"]) == (False, False, "the code that is here")
    assert "somebody changed it" in other["missing"]
    assert other["missing"].endswith("compared was what the code that is here makes")
    stored.write_bytes(kept)
    assert reproduced(lifecycle) == first
    text = lifecycle("reproduce", NAME, "1").stdout
    assert "again_shop version 1 made again with " in text
    assert text.endswith("identical on 2,500 rows (the same libraries)\n")
