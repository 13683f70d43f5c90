"""Segments: whole or not there, also for who looks while one is written."""

import os
from pathlib import Path

import polars as pl
import pytest

from lifecycle.prediction_log import segments


def test_what_a_killed_process_left_unfinished_goes_after_a_while(tmp_path: Path) -> None:
    whole = segments.Writer(tmp_path).write(pl.DataFrame({"id": [1]}))
    old, young = tmp_path / "old.arriving", tmp_path / "young.arriving"
    for path in (old, young):
        path.write_bytes(b"PAR")
    os.utime(old, (0, 0))
    assert segments.waiting(tmp_path) == [whole]
    assert (old.exists(), young.exists()) == (False, True)


def test_a_segment_that_gets_its_name_while_somebody_looks_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "gone.arriving"  # the listing has it; before it is looked at it has got its name
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([listed]))
    assert segments.waiting(tmp_path) == []
