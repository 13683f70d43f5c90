"""What a run does, as it does it: a live list on a terminal, plain lines elsewhere. Both on stderr."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from app.terminal import Safe, console, shown
from lifecycle.progress import Event, subscribe

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STARTING = "starting"


@dataclass
class Step:
    """A stage as its watcher sees it."""

    stage: str
    began: float
    event: Event = "start"
    text: str = ""
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.ended or time.monotonic()) - self.began


class Steps:
    """The stages of a run in the order in which they began."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._steps: dict[str, Step] = {}
        self._lock = threading.Lock()

    def hear(self, stage: str, event: Event, text: str) -> Step:
        """Take up what a stage says."""
        now = time.monotonic()
        with self._lock:
            step = self._steps.setdefault(stage, Step(stage, now))
            step.event = event
            step.text = text if text or event in {"done", "cached"} else step.text
            step.ended = None if event in {"start", "note"} else now
            return step

    def all(self) -> list[Step]:
        """What has been heard of so far."""
        with self._lock:
            return list(self._steps.values())


@contextmanager
def watch() -> Iterator[None]:
    """Show what the stages say while the block runs."""
    steps = Steps()
    if sys.stderr.isatty():
        with _live(steps):
            yield
    else:
        with subscribe(lambda stage, event, text: _say(steps, steps.hear(stage, event, text), sys.stderr)):
            yield


def _say(steps: Steps, step: Step, out: TextIO) -> None:
    ended = f"{step.event} in {step.seconds:.1f} s"
    what = {"start": "...", "note": step.text, "cached": f"unchanged  {step.text}"}.get(step.event, f"{ended}  {step.text}")
    print(shown(f"{time.monotonic() - steps.began:7.1f} s  {step.stage:<10} {what}".rstrip()), file=out, flush=True)


@contextmanager
def _live(steps: Steps) -> Iterator[None]:
    from rich.live import Live

    view = _View(steps)
    with (
        Live(Safe(view), console=console(stderr=True), refresh_per_second=8, redirect_stdout=False),
        subscribe(lambda *said: steps.hear(*said) and None),
    ):
        try:
            yield
        finally:
            view.over = True


class _View:
    """Drawn anew a few times a second: one line a stage, and a moving one for what runs."""

    def __init__(self, steps: Steps) -> None:
        from rich.spinner import Spinner

        self.steps = steps
        self.over = False
        self.spinner = Spinner("dots", style="cyan")

    def __rich_console__(self, console: "Console", options: object) -> "Iterator[RenderableType]":
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        table.add_column(width=1, no_wrap=True)
        table.add_column(min_width=10, no_wrap=True)
        table.add_column(justify="right", min_width=9, no_wrap=True)
        table.add_column()  # the one that gives way on a narrow terminal: rich takes nothing from those that do not wrap
        found = self.steps.all()
        if not found:
            found = [Step(STARTING, self.steps.began)]
        for step in found:
            mark, style = _marks(step.event, self.over)
            seconds = "unchanged" if step.event == "cached" else f"{step.seconds:.1f} s"
            name = Text(step.stage, style="bold" if step.ended is None else "")
            said = Text(" ".join(step.text.split()), style="dim", no_wrap=True, overflow="ellipsis")
            table.add_row(Text(mark, style=style) if mark else self.spinner, name, Text(seconds, style="dim"), said)
        yield table


def _marks(event: Event, over: bool) -> tuple[str, str]:
    """The mark of a stage and its colour; none while it runs."""
    if event in {"start", "note"}:
        return ("✗", "red") if over else ("", "")
    return {"done": ("✓", "green"), "cached": ("=", "blue")}.get(event, ("✗", "red"))
