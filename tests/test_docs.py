"""The pages do what they say."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-data.md").read_text()
ELSEWHERE = ("curl ", "lifecycle up")
"""What is not run here: a download, and the stack, which has tests of its own."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", PAGE)


@pytest.fixture
def place(tmp_path: Path, shared: Path) -> Path:
    """A folder with the page's file, a `lifecycle` to type, and a folder for use cases."""
    shutil.copy(shared / "telco_churn_ibm" / "Telco-Customer-Churn.csv", tmp_path)
    (tmp_path / "usecases").mkdir()
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "lifecycle"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app.cli "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.mark.system
def test_the_page_on_your_data_does_what_it_says(place: Path) -> None:
    surroundings = os.environ | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LIFECYCLE_DATA": "",
        "LIFECYCLE_USECASES": str(place / "usecases"),
    }
    said = {}
    for line in "".join(blocks("sh")).splitlines():
        if line.startswith(ELSEWHERE):
            continue
        done = subprocess.run(["sh", "-c", line], cwd=place, env=surroundings, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, f"{line}: {done.stderr[-2000:]}"
        said[line] = done.stdout
    written = (place / "usecases" / "schemas" / "churn.py").read_text()
    for line in "".join(blocks("python")).splitlines():
        assert line in written, line
    assert "11 blank cells" in written
    assert "TotalCharges" in (place / "usecases" / "churn.py").read_text()
    assert "first champion" in said["lifecycle history churn"]
    assert "slug: churn" in said["lifecycle new churn Telco-Customer-Churn.csv --target Churn"]


def test_the_page_on_your_data_names_every_option_of_new() -> None:
    from app.commands import COMMANDS

    for flag, _ in COMMANDS["new"][2]:
        assert not flag.startswith("--") or flag in PAGE, flag


def test_what_the_page_on_security_names_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    table = page.split("## What is protected")[1].split("## What is not")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) >= 15
    for what, _, code, tried in rows:
        for file in re.findall(r"`([^`]+)`", code):
            assert (ROOT / file).is_file(), (what, file)
        for place, name in re.findall(r"`([^`:]+)::([^`]+)`", tried):
            assert re.search(rf"^def {name}\(", (ROOT / place).read_text(), re.MULTILINE), (what, name)
