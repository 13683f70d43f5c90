import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.lifecycle.draft.conftest import table

ROOT = Path(__file__).parents[2]
New = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def new(tmp_path: Path) -> New:
    """`new("shop", "rows.csv", "--target", "y")`, in a folder that holds `rows.csv`, writing below its `usecases`."""
    pl.DataFrame(table(customer_id=[f"c{i}" for i in range(1_000)])).write_csv(tmp_path / "rows.csv")
    (tmp_path / "usecases").mkdir()
    more = {"LIFECYCLE_USECASES": str(tmp_path / "usecases"), "LIFECYCLE_DATA": str(tmp_path), "PYTHONPATH": str(ROOT)}
    return lambda *arguments, **changes: subprocess.run(
        [sys.executable, "-m", "app.cli", "new", *arguments],
        env=os.environ | more | {"LIFECYCLE_HOME": str(tmp_path / "home")} | changes, capture_output=True, text=True, timeout=120, cwd=ROOT,
    )  # fmt: skip


def test_new_writes_two_files_and_says_what_it_found_and_what_comes_next(new: New, tmp_path: Path) -> None:
    done = new("shop", "rows.csv", "--target", "y")
    assert done.returncode == 0, done.stderr
    for word in ("customer_id", "key", "StratifiedSplit", "few rows", "usecases/shop.py", "schemas/shop.py", "lifecycle run shop", "slug: shop"):
        assert word in done.stdout, word
    assert 'name="shop"' in (tmp_path / "usecases" / "shop.py").read_text()
    assert "class Shop(" in (tmp_path / "usecases" / "schemas" / "shop.py").read_text()
    listed = subprocess.run(
        [sys.executable, "-m", "app.cli", "list", "--json"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"LIFECYCLE_USECASES": str(tmp_path / "usecases"), "LIFECYCLE_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    found = {each["name"]: each for each in json.loads(listed.stdout.splitlines()[-1])["use_cases"]}
    assert found["shop"]["error"] is None
    assert found["shop"]["problem"] == "binary"


def test_json_is_one_object_with_the_same(new: New) -> None:
    done = new("shop", "rows.csv", "--target", "y", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["problem"] == "binary"
    assert said["positive"] == "yes"
    assert {column["name"]: column["roles"] for column in said["columns"]}["customer_id"] == ["key"]
    assert [Path(file).name for file in said["files"]] == ["shop.py", "shop.py"]
    assert all(set(warning) == {"kind", "columns", "text"} for warning in said["warnings"])
    assert "few-rows" in {warning["kind"] for warning in said["warnings"]}


def test_a_name_that_is_taken_is_not_written_over_without_force(new: New, tmp_path: Path) -> None:
    assert new("shop", "rows.csv", "--target", "y").returncode == 0
    file = tmp_path / "usecases" / "shop.py"
    file.write_text(file.read_text() + "# mine\n")
    refused = new("shop", "rows.csv", "--target", "y")
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert file.read_text().endswith("# mine\n")
    assert new("shop", "rows.csv", "--target", "y", "--force").returncode == 0
    assert "# mine" not in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("Shop!", "rows.csv", "--target", "y"), "try 'shop'"),
        (("fraud", "rows.csv", "--target", "y"), "choose another name"),
        (("shop", "nowhere.csv", "--target", "y"), "nowhere.csv does not exist"),
        (("shop", "rows.csv", "--target", "z"), "names the column 'z'"),
        (("shop", "rows.csv"), "--target"),
        (("shop", "SELECT * FROM nothing", "--target", "y"), "nothing"),
        (("shop", "empty.csv", "--target", "y"), "empty"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(new: New, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "empty.csv").touch()
    done = new(*arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list((tmp_path / "usecases").rglob("*.py"))


def test_a_query_is_a_source(new: New, tmp_path: Path) -> None:
    done = new("shop", f"SELECT * EXCLUDE (kind) FROM read_csv('{tmp_path}/rows.csv')", "--target", "y")
    assert done.returncode == 0, done.stderr
    assert "Query(" in (tmp_path / "usecases" / "shop.py").read_text()
