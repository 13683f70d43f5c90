"""The files around the code say what the code does."""

import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from app.commands import COMMANDS
from lifecycle.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def locked(name: str) -> dict[str, str]:
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower(): version for package, version in pinned}


def test_the_example_of_settings_names_every_setting_with_its_default() -> None:
    shown = dict(re.findall(rf"^({PREFIX}\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(shown) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, text in shown.items():
        default = Settings.model_fields[name.removeprefix(PREFIX).lower()].default
        if isinstance(default, bool):
            assert text == str(default).lower()
        elif not isinstance(default, Path):
            assert text == ("" if default is None else str(default))


def test_every_command_that_the_readme_types_exists() -> None:
    if not README.exists():
        pytest.skip("no README yet")
    typed = re.findall(r"(?<!from )\blifecycle ([a-z]+)\b(?= |`|\n|$)", "\n".join(re.findall(r"`{1,3}[^`]+`{1,3}", README.read_text())))
    assert set(typed) <= set(COMMANDS), "the README types a command that is not there"


def test_bare_make_lists_every_target_that_people_type() -> None:
    listed = subprocess.run(["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    assert re.findall(r"^  make ([\w-]+) ", listed, re.MULTILINE) == targets[1].split()


def test_the_locks_are_hashed_name_no_index_and_agree() -> None:
    for name in ("requirements.lock", "requirements-extras.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index" not in text
        blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
        assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    runtime, extras, development = locked("requirements.lock"), locked("requirements-extras.lock"), locked("requirements-dev.lock")
    assert runtime.items() <= extras.items() <= development.items()


def test_the_lock_holds_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(wanted: list[str]) -> set[str]:
        return {re.split(r"[^A-Za-z0-9_.-]", each)[0].lower() for each in wanted}

    extras = project["optional-dependencies"]
    assert names(project["dependencies"] + extras["build"]) <= set(locked("requirements.lock"))
    assert names(extras["text"] + extras["imaging"] + extras["recommendation"]) <= set(locked("requirements-extras.lock"))
    assert names(extras["dev"]) <= set(locked("requirements-dev.lock"))


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    heavy = "prefect, mlflow, sklearn, pandas, pandera, polars, duckdb, pydantic, rich"
    code = f"import sys, app.cli; app.cli.parser(); print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_importing_a_flow_loads_no_library_that_only_a_stage_needs(tmp_path: Path) -> None:
    heavy = "mlflow, sklearn, scipy, pandas, pandera, optuna, matplotlib"
    code = f"import sys, flows.loop; print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    assert python(code, tmp_path) == "[]"


def test_importing_every_module_writes_nothing(tmp_path: Path) -> None:
    files = [*sorted((ROOT / "app").glob("[a-z]*.py")), *sorted((ROOT / "lifecycle").rglob("[a-z]*.py"))]
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    python(f"import importlib; [importlib.import_module(module) for module in {modules}]", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_rooms_of_the_machinery_know_those_that_the_page_says_and_none_in_a_circle() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().split("### Inside")[1].split("##")[0]
    said = {room: set(re.findall(r"`(\w+)`", others)) for room, others in re.findall(r"(?m)^\| `(\w+)/` \|.*\|([^|]*)\|$", table)}
    assert said == {file.parent.name: known(file.parent) for file in (ROOT / "lifecycle").glob("*/__init__.py") if file.parent.name != "stages"}
    TopologicalSorter(said).prepare()


def known(room: Path) -> set[str]:
    """The rooms that the files of one import from, also inside of functions and for types alone."""
    there = {file.parent.name for file in room.parent.glob("*/__init__.py")}
    found = {name for file in room.glob("*.py") for name in re.findall(r"(?m)^ *from lifecycle\.(\w+)[ .]", file.read_text())}
    return (found & there) - {room.name}


def test_every_file_that_a_page_names_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {name for page in pages for name in re.findall(r"`((?:lifecycle|app|tasks|flows|tests)/[\w/]+\.py)`", page.read_text())}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def python(code: str, folder: Path) -> str:
    """What a fresh process prints whose home is an empty folder."""
    surroundings = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=surroundings, capture_output=True, text=True, check=True).stdout.strip()


def test_the_scripts_of_an_environment_run_along_a_path_that_a_shell_would_misread(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "here" ünï' / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    script = folder / "hello"
    script.write_text(f"#!/bin/sh\n'''exec' \"{folder}/python\" \"$0\" \"$@\"\n' '''\nimport sys\nprint(sys.argv[1:])\n")
    script.chmod(0o755)
    subprocess.run([sys.executable, ROOT / ".ci" / "beside", folder], check=True)
    done = subprocess.run([script, "a b", "c"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "['a b', 'c']\n"), done.stderr
