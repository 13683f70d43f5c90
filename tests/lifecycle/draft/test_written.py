"""The written files are what a person's would be: formatted, linted, typed, and kept by the contract of every use case."""

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lifecycle.draft.draft import Draft
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, table

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
RANDOM = np.random.default_rng(4)
DIRTY = {
    "a rather long name, with a comma": RANDOM.normal(size=ROWS),
    "größe": RANDOM.normal(size=ROWS),
    "Возраст": RANDOM.integers(18, 80, ROWS),
    "class": RANDOM.choice(["\u0441\u043e", "\u2019b\u2019", 'c\u2013d "quoted"', "back\\slash"], ROWS),
    "price": [f"${value:,.2f}" for value in RANDOM.gamma(2, 900, ROWS)],
    "paid": [["1", "Y", "no", "N"][i % 4] for i in range(ROWS)],
    "seen": [(dt.date(2024, 1, 1) + dt.timedelta(days=i % 400)).strftime(["%d/%m/%Y", "%Y-%m-%d"][i % 2]) for i in range(ROWS)],
    "note": [f'he said: """{i}""" and \\ left the building' for i in range(ROWS)],
    "copy": np.asarray(table()["y"] == "yes") + RANDOM.normal(size=ROWS) * 0.1,
    "nothing": [None] * ROWS,
    "sex": RANDOM.choice(["male", "female"], ROWS),
}


def drafts(drafted: Drafted) -> list[Draft]:
    """Small and large, plain and dirty ones."""
    many = {f"column_number_{i}_of_a_wide_table": RANDOM.normal(size=ROWS).round(3) for i in range(60)}
    return [
        drafted(table()),
        drafted(table(**DIRTY)),
        drafted(table(**many)),
        drafted(table(id=range(ROWS), patient_id=[i % 90 for i in range(ROWS)]), target="first"),
        drafted(table(y=[f"a class with a long name, number {i % 9}" for i in range(ROWS)])),
        drafted(table(), target="", problem="clustering"),
    ]


@pytest.fixture
def checkout(tmp_path: Path, drafted: Drafted) -> Path:
    """A checkout whose use cases are drafts."""
    root = tmp_path / "checkout"
    for folder in ("usecases", "schemas"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").touch()
    (root / "lifecycle").symlink_to(ROOT / "lifecycle")
    (root / "schemas" / "roles.py").symlink_to(ROOT / "schemas" / "roles.py")
    config = re.sub(r"(?m)^(venv.*|include = \[\"app\", .*)$", "", (ROOT / "pyproject.toml").read_text())
    (root / "pyproject.toml").write_text(config)
    for number, made in enumerate(drafts(drafted)):
        for folder, text in zip(("usecases", "schemas"), made.files.values(), strict=True):
            (root / folder / f"drafted{number}.py").write_text(text.replace("schemas.drafted ", f"schemas.drafted{number} "), encoding="utf-8")
    return root


def test_written_files_pass_the_checks_that_a_commit_must_pass(checkout: Path) -> None:
    for command in (["ruff", "format", "--check", "."], ["ruff", "check", "."], ["basedpyright", "--pythonpath", sys.executable]):
        done = subprocess.run([BIN / command[0], *command[1:]], cwd=checkout, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-2000:]}"


def test_the_contract_of_every_use_case_covers_a_draft(tmp_path: Path) -> None:
    file = tmp_path / "visits.parquet"
    at = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=i) for i in range(ROWS)]
    large = pl.Series([2**63 + i for i in range(ROWS)], dtype=pl.UInt64)
    pl.DataFrame(table(**{"the id": range(ROWS), "order": at, "large": large}), strict=False).write_parquet(file)
    folder = tmp_path / "usecases"
    folder.mkdir()
    surroundings = os.environ | {"LIFECYCLE_USECASES": str(folder), "PYTHONPATH": str(ROOT)}
    new = subprocess.run(
        [sys.executable, "-m", "app.cli", "new", "drafted_visits", str(file), "--target", "y"],
        env=surroundings,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert new.returncode == 0, new.stderr
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contract", "-q", "-k", "drafted_visits", "-p", "no:cacheprovider"],
        env=surroundings, cwd=ROOT, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(done.stdout.split(" passed")[0].split()[-1]) >= 7, done.stdout


def test_zeros_and_ones_that_are_written_as_fractions_are_checked_as_fractions(drafted: Drafted) -> None:
    _, schema = code(drafted(table(flag=[f"{i % 3 == 0:.1f}" for i in range(ROWS)], count=[int(i % 7 == 0) for i in range(ROWS)])))
    assert "flag: float = column(isin=[0.0, 1.0])" in schema
    assert "count: int = column(isin=[0, 1])" in schema
