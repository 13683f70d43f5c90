import json
import re
from pathlib import Path

import pytest

from app.commands import COMMANDS
from tests.app.conftest import Lifecycle


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rnu", "shop"], "did you mean 'run'?"),
        (["nonsense"], "lifecycle --help"),
        (["run"], "USE_CASE"),
        (["run", "shop", "--nope"], "--nope"),
        (["promote", "shop", "three"], "three"),
        (["sql"], "QUERY"),
        (["lineage", "shop"], "--version --prediction"),
        (["lineage", "shop", "--version", "1", "--prediction", "x"], "not allowed with"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(lifecycle: Lifecycle, arguments: list[str], says: str) -> None:
    done = lifecycle(*arguments)
    assert done.returncode == 2
    assert says in one_line(done.stderr)
    assert done.stdout == ""


def test_an_unknown_use_case_is_one_line_with_the_known_ones_and_the_closest(lifecycle: Lifecycle, home: Path) -> None:
    for command in ("run", "history", "promote"):
        done = lifecycle(command, "shpo")
        assert done.returncode == 2
        line = one_line(done.stderr)
        assert "'shop'?" in line
        assert "fraud" in line


def test_a_mistake_in_a_setting_is_one_line(lifecycle: Lifecycle) -> None:
    done = lifecycle("list", LIFECYCLE_DOWNLOAD="perhaps")
    assert done.returncode == 1
    assert "LIFECYCLE_DOWNLOAD" in one_line(done.stderr)


def test_an_unexpected_error_points_to_debug_which_shows_the_traceback(lifecycle: Lifecycle, tmp_path: Path) -> None:
    (tmp_path / "polars.py").write_text("raise RuntimeError('no such luck')\n")
    done = lifecycle("list", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert one_line(done.stderr) == "lifecycle: unexpected RuntimeError: no such luck; run again with --debug for the traceback"
    assert "Traceback" in lifecycle("list", "--debug", PYTHONPATH=str(tmp_path)).stderr


def test_an_error_that_prefect_makes_of_a_termination_is_said_as_one(lifecycle: Lifecycle, tmp_path: Path) -> None:
    (tmp_path / "polars.py").write_text(
        "from prefect.exceptions import TerminationSignal\n"
        "try:\n    raise TerminationSignal(15)\nexcept BaseException:\n    raise ValueError('Task run is not set')\n"
    )
    done = lifecycle("list", PYTHONPATH=str(tmp_path))
    assert (done.returncode, one_line(done.stderr)) == (143, "lifecycle: terminated")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(lifecycle: Lifecycle, command: str) -> None:
    done = lifecycle(command, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout
    assert "--debug" in done.stdout


def test_a_wrong_definition_does_not_hide_the_others_from_the_list(lifecycle: Lifecycle) -> None:
    done = lifecycle("list", "--json")
    assert done.returncode == 0, done.stderr
    found = {each["name"]: each for each in json.loads(done.stdout.splitlines()[-1])["use_cases"]}
    assert found["shop"]["problem"] == "binary"
    assert found["shop"]["error"] is None
    assert "broken.py" in found["broken"]["error"]


def test_a_wrong_definition_fails_before_anything_is_run(lifecycle: Lifecycle) -> None:
    done = lifecycle("run", "broken")
    assert done.returncode == 1
    assert "broken.py" in one_line(done.stderr)


def test_questions_start_no_database_where_nothing_was_run(lifecycle: Lifecycle, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert lifecycle("list", LIFECYCLE_HOME=str(home)).returncode == 0
    assert json.loads(lifecycle("history", "shop", "--json", LIFECYCLE_HOME=str(home)).stdout)["decisions"] == []
    assert "no models yet" in one_line(lifecycle("lineage", "shop", "--version", "1", LIFECYCLE_HOME=str(home)).stderr)
    assert "nothing to report yet" in one_line(lifecycle("report", LIFECYCLE_HOME=str(home)).stderr)
    assert "no models yet" in one_line(lifecycle("card", "shop", LIFECYCLE_HOME=str(home)).stderr)
    assert "is empty" in one_line(lifecycle("sql", "SELECT 1", LIFECYCLE_HOME=str(home)).stderr)
    assert json.loads(lifecycle("down", "--json", LIFECYCLE_HOME=str(home)).stdout) == {"stopped": []}
    assert not (home / "postgres").exists()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("COPY shop.raw TO 'copied.csv'", "a query only reads, found a COPY statement"),
        ("SELECT 1; SELECT 2", "found 2 statements"),
        ("FROM read_text('/etc/shadow')", r"only reads the lake, and read_text\(\) is not of it"),
    ],
)
def test_a_query_that_does_more_than_read_ends_in_one_sentence(lifecycle: Lifecycle, query: str, says: str) -> None:
    done = lifecycle("sql", query)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(says, done.stderr.strip().splitlines()[-1])
    assert "Traceback" not in done.stderr
