import io

import pytest
from rich.console import Console

from app.progress import Steps, _View, watch
from lifecycle.progress import Event, emit


def test_without_a_terminal_each_stage_is_a_plain_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with watch():
        emit("collect", "start")
        emit("collect", "done", "100 rows")
        emit("validate", "cached", "99 kept")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "\x1b" not in shown.err
    lines = shown.err.splitlines()
    assert lines[0].endswith("collect    ...")
    assert lines[1].endswith("100 rows")
    assert lines[2].endswith("validate   unchanged  99 kept")


def test_the_live_view_marks_what_is_done_what_runs_and_what_broke() -> None:
    steps = Steps()
    said: list[tuple[str, Event, str]] = [("collect", "done", "100 rows"), ("validate", "cached", ""), ("tune", "failed", ""), ("train", "start", "")]
    for stage, event, text in said:
        steps.hear(stage, event, text)
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(_View(steps))
    marks = [line.split()[:2] for line in captured.get().splitlines()]
    assert marks[:3] == [["✓", "collect"], ["=", "validate"], ["✗", "tune"]]
    assert marks[3][1] == "train"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_text_wider_than_the_terminal_is_cut_and_takes_nothing_from_marks_names_and_seconds(width: int) -> None:
    steps = Steps()
    long = "no drift: amount (PSI 0.0123, limit 0.0500) is the furthest off in the newest of 12 windows, " * 3
    said: list[tuple[str, Event, str]] = [
        ("collect", "cached", "100 rows"),
        ("validate", "done", long),
        ("featurize", "cached", "first line\nsecond line"),
        ("tune", "note", long),
        ("monitor", "failed", long),
    ]
    for stage, event, text in said:
        steps.hear(stage, event, text)
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(_View(steps))
    lines = captured.get().splitlines()
    assert len(lines) == len(said)
    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in (*lines[:3], lines[4])] == ["=", "✓", "=", "✗"]
    assert [line[2:13].split()[0] for line in lines] == ["collect", "validate", "featurize", "tune", "monitor"]
    assert [line[13:22].strip() for line in lines] == ["unchanged", "0.0 s", "unchanged", "0.0 s", "0.0 s"]
    assert lines[1].rstrip().endswith("…")
    assert lines[2].rstrip().endswith("first line second line")


def test_a_stage_that_is_tried_again_runs_again() -> None:
    steps = Steps()
    steps.hear("collect", "failed", "")
    assert steps.hear("collect", "start", "").ended is None
    assert len(steps.all()) == 1
