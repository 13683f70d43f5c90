"""The one import that the file of a use case needs."""

import subprocess
import sys

import lifecycle
from lifecycle.dependencies.code import reached


def test_every_name_is_there_and_is_found_by_its_own_module() -> None:
    for name in lifecycle.__all__:
        assert getattr(lifecycle, name).__name__ == name
    assert set(lifecycle.__all__) <= set(dir(lifecycle))
    assert not hasattr(lifecycle, "nothing_of_this_name")


def test_importing_the_package_loads_nothing() -> None:
    heavy = "{'polars', 'duckdb', 'sklearn', 'mlflow', 'prefect', 'pandera', 'numpy'}"
    code = f"import sys, lifecycle; print(sorted({heavy} & set(sys.modules)), [name for name in sys.modules if name.startswith('lifecycle.')])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[] []\n"


def test_what_is_imported_by_it_is_followed_to_where_it_is_defined() -> None:
    found = reached("usecases.fraud", "features")
    assert ("lifecycle.windows", "lookback") in found
    assert ("lifecycle.windows", "*") not in found
