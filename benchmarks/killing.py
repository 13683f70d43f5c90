"""Commands that are killed, or whose database is, at a moment of a stage: the process, its descendants, the server, one backend."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
STAGES = ("collect", "validate", "featurize", "split", "tune", "train", "evaluate", "register", "promote", "score", "monitor")
START, END = "start", "end"
"""Before the first stage (imports, servers), and after the last."""
WHOLE = "the whole of {}"
LONGEST = 240.0
"""Seconds after which a command is held to hang."""
Victim = str
"""`process`, `family`: it and all that it started; `server`: PostgreSQL; `backend`: one of its processes."""


@dataclass
class Place:
    """A home folder, and how long each stage takes in it."""

    home: Path
    environment: dict[str, str]
    typical: dict[str, float] = field(default_factory=dict)

    def start(self, *arguments: str) -> "Command":
        """Start a command of ours."""
        return Command(self, arguments)

    def run(self, *arguments: str) -> "Command":
        """Run one to its end."""
        command = self.start(*arguments)
        command.wait()
        return command


class Command:
    """`lifecycle ...` in a process of its own, and when it said what."""

    def __init__(self, place: Place, arguments: tuple[str, ...]) -> None:
        self.place, self.arguments = place, arguments
        self.began = time.monotonic()
        self.said: list[tuple[float, str]] = []
        self.hung = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            env=place.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self._heard = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._heard:
                self.said.append((time.monotonic(), line.rstrip()))
                self._heard.notify_all()

    def at(self, stage: str, fraction: float) -> bool:
        """Wait until so much of a stage has usually passed. Returns whether the command still runs then."""
        mark = "done in" if stage == END else "" if self.arguments[0] == "score" else "..."
        until = time.monotonic() + LONGEST
        while stage != START and not self._begun(stage, mark):
            if self.process.poll() is not None or time.monotonic() > until:
                return False
            with self._heard:
                self._heard.wait(0.05)
        time.sleep(fraction * self.place.typical.get(self._typically(stage), 1.0))
        return self.process.poll() is None

    def _typically(self, stage: str) -> str:
        """Under which name it is known how long that takes: the whole, where a command has no stages."""
        return WHOLE.format(self.arguments[0]) if stage == START and self.arguments[0] != "run" else stage

    def _begun(self, stage: str, mark: str) -> bool:
        last = {"run": "monitor", "ingest": "validate"}.get(self.arguments[0], "")
        with self._heard:
            return any(f" s  {last if stage == END else stage} " in line and mark in line for _, line in self.said)

    def kill(self, victim: Victim) -> bool:
        """Kill -9. Returns whether there was something to kill."""
        if victim in ("server", "backend"):
            return kill_database(self.place.home, victim)
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self.process.pid)
            for each in [*(root.children(recursive=True) if victim == "family" else []), root]:
                with contextlib.suppress(psutil.Error):
                    each.kill()
            self.wait()
            return True
        return False

    def wait(self) -> None:
        """Until it has ended; what hangs is killed and remembered."""
        try:
            self.process.wait(max(LONGEST - (time.monotonic() - self.began), 1))
        except subprocess.TimeoutExpired:
            self.hung = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(5)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    @property
    def last(self) -> str:
        """What it said last."""
        return self.said[-1][1] if self.said else ""

    @property
    def sentence(self) -> str:
        """What it said of its end."""
        return next((line for _, line in reversed(self.said) if line.startswith("lifecycle: ")), "")

    @property
    def wrong(self) -> str:
        """What is wrong with how it ended: it hung, it showed a traceback, it did not know its own error; empty where nothing is."""
        text = "\n".join(line for _, line in self.said)
        if self.hung:
            return f"hung for {LONGEST:.0f} s"
        if "Traceback" in text:
            return f"a traceback: {self.last[:200]}"
        if self.process.returncode == 1 and not self.sentence:
            return f"no sentence of ours: {self.last[:300]}"
        if self.process.returncode == 1 and (re.search(r"\bunexpected [A-Z]", self.sentence) or self.last != self.sentence):
            return f"no clear sentence: {self.sentence[:300]}{'' if self.last == self.sentence else ', and after it: ' + self.last[:200]}"
        return "" if self.process.returncode in (0, 1) else f"exit code {self.process.returncode}: {self.last[:200]}"

    def stages(self) -> dict[str, float]:
        """The seconds that each stage took, and what was before and after them."""
        found: dict[str, float] = {}
        begun: dict[str, float] = {}
        for moment, line in self.said:
            words = line.split()
            if len(words) < 4 or words[2] not in STAGES:
                continue
            begun.setdefault(words[2], moment)
            if words[3] == "done":
                found[words[2]] = moment - begun[words[2]]
        moments = [moment for moment, line in self.said if len(line.split()) > 3 and line.split()[2] in STAGES]
        return {**found, START: moments[0] - self.began, END: time.monotonic() - moments[-1]} if moments else {}


def kill_database(home: Path, victim: Victim) -> bool:
    """Kill -9 the embedded PostgreSQL, or one process of it that works for a client."""
    try:
        server = psutil.Process(int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]))
        if victim == "server":
            server.kill()
            return True
        clients = [child for child in server.children() if "[local]" in " ".join(child.cmdline())]
        if clients:
            random.choice(clients).kill()
        return bool(clients)
    except (psutil.Error, OSError, IndexError, ValueError):
        return False
