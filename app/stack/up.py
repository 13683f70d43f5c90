"""`lifecycle up`: start every part of the stack, wait until each answers, keep it running until it is told to end."""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from app import environment, login
from app.answer import Answer, to_json
from app.stack import deploy, link, notices, parts, processes
from app.stack.banner import table
from app.stack.parts import Addresses, Part
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings, settings
from lifecycle.store import database, postgres

SECONDS = 180.0
"""How long the parts may take to answer: on a busy machine a first start takes a minute."""
LONGEST = 900.0
"""And so long where they are at work all the time."""
LOOK = 20.0
"""Seconds between two looks at the processes of runs."""
TOLD = 5.0
"""Seconds after which it is said what is waited for, and again after as many."""
BACK = 30.0
"""How long the parts may take to find back to a PostgreSQL that was started again."""
PAUSES = (1, 2, 5, 10, 30)
"""Seconds before a part that ended is started again: the first time, the second, ..."""


def up(options: argparse.Namespace) -> Answer:
    """`lifecycle up`. Returns when the stack has ended."""
    began = time.monotonic()
    at = settings()
    where = Addresses(options.port_offset)
    environment.prepare(at, debug=options.debug)
    with _alone(at.home, where):
        stack = Stack(at, where)
        try:
            stack.start()
            notices.beside(at, where.api)
            _announce(at, where, stack, time.monotonic() - began, options)
            stack.watch()
        except KeyboardInterrupt:
            _say("stopping")
        finally:
            stack.stop()
    return Answer({"stopped": True, **_addresses(where)}, "stopped; 'lifecycle up' starts it again with all its history")


class Stack:
    """The running parts."""

    def __init__(self, at: Settings, where: Addresses) -> None:
        self.at, self.where = at, where
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.parts: list[Part] = []
        self.falls: dict[str, list[float]] = {}
        self.embedded = None if at.database_url else at.home / "postgres"

    def start(self) -> None:
        """Start everything; return when all of it answers."""
        self._clear()
        _say("starting PostgreSQL")
        database.connect(self.at)
        self.parts = parts.parts(self.at, self.where, serve=_has_http())
        parts.free(self.parts)
        _prepare_mlflow(self.at)
        os.environ |= parts.environment(self.at, self.where)
        login.join(self.at.home, self.where.api)
        prefect, *others = self.parts
        self._launch(prefect)
        for part in others:
            if part.name != "worker":
                self._launch(part)
        self._wait(prefect)
        deploy.deploy(self.at, self.where, _say)
        for part in others:
            if part.name == "worker":
                self._launch(part)
        for part in others:
            self._wait(part)

    def watch(self) -> None:
        """Start again what ends by itself, until a signal comes."""
        silent, looked = set[str](), time.monotonic()
        while True:
            time.sleep(0.5)
            if time.monotonic() - looked > LOOK:
                with contextlib.suppress(OSError, ValueError, LifecycleError):  # the server is away for a moment
                    silent = deploy.bury(self.where, silent)
                looked = time.monotonic()
            if self.embedded and not postgres.alive(self.embedded):
                self._revive(self.embedded)
            for part in self.parts:
                code = self.running[part.name].poll()
                if code is not None:
                    self._again(part, code)

    def stop(self) -> None:
        """End every part, the ones that use others first."""
        for name in ("worker", "http", "mlflow", "prefect"):
            process = self.running.pop(name, None)
            if process and process.poll() is None:
                processes.end([process.pid])
        processes.sweep(self.at.home)
        postgres.release(self.at.home / "postgres")

    def _clear(self) -> None:
        """End what a killed stack left running."""
        left = processes.sweep(self.at.home)
        if left:
            _say(f"ended {len(left)} processes of a stack that was killed")
        for folder in (self.at.home / "cache" / "tmp").glob("prefect-workspace-attempt-*"):
            shutil.rmtree(folder, ignore_errors=True)  # a run's environment, which Prefect removes when the run ends by itself

    def _launch(self, part: Part) -> None:
        _say(f"starting {part.said}")
        self.running[part.name] = processes.start(self.at.home, part.name, part.command, part.environment)

    def _wait(self, part: Part) -> None:
        began = told = time.monotonic()
        until, used = began + SECONDS, 0.0
        while not part.answers():
            if self.running[part.name].poll() is not None:
                raise LifecycleError(
                    f"{part.name} ended while it started ({_last(self.at.home, part)}); see {processes.log_file(self.at.home, part.name)}"
                )
            if time.monotonic() > until:
                used, before = processes.worked(self.running[part.name].pid), used
                if used <= before or time.monotonic() - began > LONGEST:
                    waited = time.monotonic() - began
                    raise LifecycleError(f"{part.said} did not answer within {waited:.0f} s; see {processes.log_file(self.at.home, part.name)}")
                until = time.monotonic() + SECONDS / 3  # it is at work: a starved machine is slow
            if time.monotonic() - told > TOLD:
                told = time.monotonic()
                _say(f"waiting for {part.said}: {told - began:.0f} s of at most {SECONDS:.0f}")
            time.sleep(0.1)
        if told > began:
            _say(f"{part.said} answers after {time.monotonic() - began:.0f} s")

    def _again(self, part: Part, code: int) -> None:
        """Start a part that ended, after a pause that grows while it keeps ending."""
        pause = self._pause(part.name)
        _say(f"{part.name} ended with code {code}; it is started again in {pause} s (see {processes.log_file(self.at.home, part.name)})")
        time.sleep(pause)
        self._launch(part)

    def _pause(self, name: str) -> int:
        """Seconds to wait before something that fell is started again."""
        now = time.monotonic()
        falls = [when for when in self.falls.get(name, []) if now - when < 300]
        self.falls[name] = [*falls, now]
        return PAUSES[min(len(falls), len(PAUSES) - 1)]

    def _revive(self, home: Path) -> None:
        """Start PostgreSQL again, and what does not find back to it by itself."""
        pause = self._pause("PostgreSQL")
        _say(f"PostgreSQL ended; it is started again in {pause} s (see {home / 'data' / 'log'})")
        time.sleep(pause)
        try:
            postgres.revive(home)
        except LifecycleError as error:  # a full disk, say: it is tried again, and all others wait for it
            _say(str(error))
            return
        until = time.monotonic() + BACK
        for part in self.parts:
            while not part.answers() and self.running[part.name].poll() is None:
                if time.monotonic() > until:
                    processes.end([self.running[part.name].pid])  # which starts it again
                time.sleep(0.5)
        _say("PostgreSQL answers again")


@contextmanager
def _alone(home: Path, where: Addresses) -> Iterator[None]:
    """Be the one supervisor of a home folder, and note where its stack is. The lock dies with its holder.

    Raises:
        LifecycleError: there is one.
    """
    folder = parts.folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        if not _locked(lock):
            there = parts.noted(home)
            raise LifecycleError(f"a stack runs in {home} already, at {there.get('prefect', 'an unknown address')}; 'lifecycle down' ends it")
        note = parts.note(home)
        note.write_text(json.dumps({"pid": os.getpid(), **_addresses(where), "api": where.api}))
        link.write_shell(home, where)
        try:
            yield
        finally:
            note.unlink(missing_ok=True)
            link.shell(home).unlink(missing_ok=True)


def _locked(lock: IO[str]) -> bool:
    """Whether the lock is ours now; who only looks whether somebody has it has it for a moment."""
    for _ in range(5):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)
    return False


def _has_http() -> bool:
    from app.commands import COMMANDS

    return "serve" in COMMANDS


def _prepare_mlflow(at: Settings) -> None:
    """Make the tables of MLflow's store before its server and anybody else would, all at once."""
    marker = parts.folder(at.home) / "mlflow"
    if not marker.exists():
        _say("making MLflow's tables")
        process = processes.start(at.home, "mlflow-store", ["lifecycle.store.tracking"], {})
        if process.wait():
            raise LifecycleError(f"MLflow's store could not be made; see {processes.log_file(at.home, 'mlflow-store')}")
        marker.touch()


def _announce(at: Settings, where: Addresses, stack: Stack, seconds: float, options: argparse.Namespace) -> None:
    served = "http" in stack.running
    data = {
        "seconds": round(seconds, 1),
        **_addresses(where),
        "logs": str(at.home / "logs"),
        "login": str(login.file(at.home)),
        "shell": str(link.shell(at.home)),
        "pid": os.getpid(),
    }
    if options.json:
        print(to_json(data), file=sys.__stdout__, flush=True)
    else:
        with contextlib.redirect_stdout(sys.__stdout__):
            table(where, served, at, seconds)


def _addresses(where: Addresses) -> dict[str, Any]:
    return {"prefect": where.prefect, "mlflow": where.mlflow, "http": where.http, **asdict(where)}


def _last(home: Path, part: Part) -> str:
    file = processes.log_file(home, part.name)
    lines = file.read_text(errors="replace").strip().splitlines() if file.exists() else []
    return lines[-1].strip()[:200] if lines else "no reason given"


def _say(text: str) -> None:
    print(f"lifecycle: {text}", file=sys.stderr, flush=True)
