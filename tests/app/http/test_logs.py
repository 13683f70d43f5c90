"""The log of the service: what is in its files, and what is counted as lost."""

import json
import logging
from pathlib import Path

import pytest

from app.http import logs


def records(folder: Path, *texts: str, closed: bool = False) -> tuple[list[str], int]:
    """What stands in the files after so many records, and how many are counted as lost."""
    log, logger = logs.Log(folder), logging.getLogger("tests.log")
    logger.addHandler(log)
    if closed:
        log.close()  # what `logging.config` does to every handler there is
    for text in texts:
        logger.warning(text)
    logger.removeHandler(log)
    log.end()
    return [json.loads(line)["message"] for path in folder.glob("http-*.jsonl") for line in path.read_text().splitlines()], log.lost


def test_every_line_is_in_the_file_when_the_log_has_ended(tmp_path: Path) -> None:
    texts = [f"line {i}" for i in range(1000)]
    assert records(tmp_path, *texts) == (texts, 0)
    assert records(tmp_path / "again", *texts, closed=True) == (texts, 0)


def test_lines_that_find_no_room_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LINES_WAITING", 5)
    written, lost = records(tmp_path, *(f"line {i}" for i in range(20)))
    assert written
    assert lost >= 20 - 5 - 1  # one is in the hands of who writes
    assert len(written) + lost == 20


def test_lines_that_the_disk_refuses_are_counted(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    assert records(tmp_path / "logs", "one", "two") == ([], 2)
