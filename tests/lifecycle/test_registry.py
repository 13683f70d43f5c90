"""The registry: use cases are found by their files, in this repository and in a folder of the user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle import registry
from lifecycle.errors import LifecycleError

ROOT = Path(__file__).parents[2]
CASE = """
from lifecycle.sources import Query
from lifecycle.splits import HashSplit
from lifecycle.usecase import UseCase
from schemas.mine import Mine

use_case = UseCase(
    name="mine", title="mine", problem="binary", schema=Mine, source=Query("SELECT 1 AS x, true AS y"),
    features=lambda rows: rows.select("x"), split=HashSplit(),
)
"""
SCHEMA = """
import pandera.polars as pa
from schemas.roles import column

class Mine(pa.DataFrameModel):
    x: int
    y: bool = column("target")
"""


def in_process(folder: Path | str, code: str) -> str:
    environment = {**os.environ, "LIFECYCLE_USECASES": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def own(folder: Path, case: str = CASE) -> Path:
    (folder / "schemas").mkdir()
    (folder / "mine.py").write_text(case)
    (folder / "schemas" / "mine.py").write_text(SCHEMA)
    return folder


def test_the_shipped_use_cases_are_there_by_name() -> None:
    assert {"diagnosis", "fare", "fraud", "income"} <= set(registry.names())
    assert all(registry.find(name).name == name for name in registry.names())


def test_an_unknown_name_is_answered_with_the_known_ones_and_a_guess() -> None:
    with pytest.raises(LifecycleError, match=r"no use case 'fruad'.*there are.*fraud.*did you mean 'fraud'"):
        registry.find("fruad")


def test_a_folder_of_the_users_adds_use_cases_with_their_schemas(tmp_path: Path) -> None:
    said = in_process(own(tmp_path), "from lifecycle import registry; print(registry.find('mine').schema.__name__, 'fraud' in registry.names())")
    assert said == "Mine True\n"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name="mine"', 'name="other"', "must define use_case = UseCase(name='mine', ...), found one named 'other'"),
        ("use_case =", "nothing =", "found none"),
        ('problem="binary"', 'problem="binarry"', "problem is one of binary, clustering, multiclass, ranking, regression"),
        ("HashSplit()", "TimeSplit()", "cannot be loaded (NameError"),
        ('title="mine"', 'title="mine", metric="rmse"', "a metric of a binary problem is one of roc_auc"),
        ('title="mine"', 'title="mine", slices=("z",)', "slices name columns of schema Mine, found 'z'"),
    ],
)
def test_a_wrong_definition_is_said_before_any_data_is_read(tmp_path: Path, old: str, new: str, says: str) -> None:
    folder = own(tmp_path, CASE.replace(old, new))
    code = "from lifecycle import registry\ntry: registry.find('mine')\nexcept registry.LifecycleError as error: print(error)"
    said = in_process(folder, code)
    assert says in said
    assert said.count("\n") == 1


def test_finding_a_use_case_loads_no_heavy_library() -> None:
    code = "import sys; from lifecycle import registry; registry.find('fraud'); print({'sklearn', 'mlflow', 'prefect', 'optuna', 'matplotlib', 'torch'} & set(sys.modules))"
    assert in_process("", code) == "set()\n"
