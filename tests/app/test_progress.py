import io

import pytest
from rich.console import Console

from app.progress import Steps, _View, watch
from lifecycle.progress import Event, say


def test_without_a_terminal_each_stage_is_a_plain_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with watch():
        say("collect", "start")
        say("collect", "done", "100 rows")
        say("validate", "cached", "99 kept")
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


def test_a_stage_that_is_tried_again_runs_again() -> None:
    steps = Steps()
    steps.hear("collect", "failed", "")
    assert steps.hear("collect", "start", "").ended is None
    assert len(steps.all()) == 1
