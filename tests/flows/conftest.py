"""Commands as a user runs them: in processes of their own, with a home and use cases of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.prepared import prepare
from tests.toys import visits

ROOT = Path(__file__).parents[2]
HELPER = "import polars as pl\n\ndef logged(name):\n    return pl.col(name).log1p()\n"
CASE = """
from lifecycle.sources import File, Files
from lifecycle.splits import StratifiedSplit
from lifecycle.usecase import Monitoring, Tuning, UseCase
from loop_helper import logged
from schemas.loop_{name} import Visit


def features(rows):
    return rows.select("amount", "kind", "age", log_amount=logged("amount"))


use_case = UseCase(
    name="{name}", title="visits", problem="binary", schema=Visit, source=Files((File("visits.csv"),)), features=features,
    split=StratifiedSplit(), tuning=Tuning(trials=3), monitoring=Monitoring(window=400), bad_rows=0.2,
)
"""
SCHEMA = '''
import datetime as dt
import pandera.polars as pa
from schemas.roles import column


class Visit(pa.DataFrameModel):
    """A made-up visit."""

    visit: int = column("key", ge=0)
    gender: str = column("sensitive", isin=["f", "m"])
    amount: float = column(ge=0, le=10_000)
    kind: str = column(isin=["a", "b", "c"])
    age: float = column(nullable=True, ge=0, le=120)
    bought: bool = column("target", nullable=True)
'''


class Place:
    """A home, a data folder and a folder of use cases."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("data", "cases/schemas"):
            (root / name).mkdir(parents=True)
        self.write_helper(HELPER)
        for name in ("one", "two"):
            (root / "cases" / f"{name}.py").write_text(CASE.format(name=name))
            (root / "cases" / "schemas" / f"loop_{name}.py").write_text(SCHEMA)
        self.write_rows(visits(4_000, unknown=120))

    def write_helper(self, text: str) -> None:
        (self.root / "cases" / "_helpers").mkdir(exist_ok=True)
        (self.root / "cases" / "_helpers" / "loop_helper.py").write_text(text)

    def write_rows(self, rows: pl.DataFrame) -> None:
        rows.with_columns(pl.col("bought").cast(pl.Int8)).write_csv(self.root / "data" / "visits.csv")

    @property
    def environment(self) -> dict[str, str]:
        own = {"LIFECYCLE_HOME": self.root / "home", "LIFECYCLE_DATA": self.root / "data", "LIFECYCLE_USECASES": self.root / "cases"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_", "LIFECYCLE_"))}
        return {**inherited, **{name: str(value) for name, value in own.items()}, "PYTHONPATH": str(self.root / "cases" / "_helpers")}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        out, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        return json.loads(out.strip().splitlines()[-1])

    def run(self, name: str = "one", *more: str) -> dict[str, Any]:
        return self.end(self.start("run", name, "--json", *more))

    def ask(self, query: str) -> list[dict[str, Any]]:
        return self.end(self.start("sql", query, "--json"))["rows"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place for the tests of one file."""
    made = Place(tmp_path_factory.mktemp("place"))
    prepare(made.root / "home")
    yield made
    made.start("down").communicate(timeout=60)
