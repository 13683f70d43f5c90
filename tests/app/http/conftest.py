"""A champion of a toy use case, with what evaluation keeps beside it; a service in this process, and one in its own."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.http.application import Options, create
from app.http.operations import Place
from lifecycle.references import ModelVersion
from lifecycle.settings import Settings, settings
from lifecycle.usecase import UseCase
from tests.challengers import parts_of
from tests.served import Client, beside, champion, serving
from tests.toys import toy

ROOT = Path(__file__).parents[3]
NAME = "served_shop"
ROW = {"visit": 70_001, "at": "2026-02-01T10:00:00", "customer": 3, "gender": "f", "amount": 120.5, "kind": "a", "age": 33}


def shop() -> UseCase:
    return toy(NAME, title="a shop's visits")


@pytest.fixture(scope="session")
def version() -> ModelVersion:
    """The champion of the shop."""
    use_case = shop()
    parts = parts_of(use_case)
    return champion(use_case, parts, beside=beside)


Start = Callable[..., Any]


@contextmanager
def running(**changes: Any) -> Iterator[tuple[Any, int]]:
    """A service of the shop in this process, with some settings changed: the application and its port."""
    at = Settings(**{**settings().model_dump(), "flush_seconds": 0.05, "intake_seconds": 0.5, **changes})
    application = create(Options(use_cases=(shop(),), at=at, place=Place()))
    with serving(application, "app.http.timeouts:TimeoutProtocol") as port:
        Client(port).until("/ready", lambda status, _: status == 200)
        yield application, port


@pytest.fixture(scope="module")
def port(version: ModelVersion) -> Iterator[int]:
    """The port of a service as it is by default."""
    with running() as (_, port):
        yield port


class Process:
    """`lifecycle serve` as a person starts it."""

    def __init__(self, folder: Path, port: int, *arguments: str, **settings: str) -> None:
        cases = folder / "cases"
        cases.mkdir(exist_ok=True)
        (cases / f"{NAME}.py").write_text(f'from tests.toys import toy\n\nuse_case = toy({NAME!r}, title="a shop\'s visits")\n')
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment = {**kept, "LIFECYCLE_USECASES": str(cases), "PYTHONPATH": str(ROOT), **settings}
        command = [sys.executable, "-m", "app.cli", "serve", NAME, "--port", str(port), *arguments]
        self.port, self.said = port, (folder / "said").open("w+")
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self.said, stderr=self.said)

    def ready(self) -> "Process":
        """Wait until it answers."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert self.process.poll() is None, self.told()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5).close()
                return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.told())

    def told(self) -> str:
        """What it wrote to its terminal."""
        self.said.flush()
        return Path(self.said.name).read_text()

    def end(self) -> int:
        """Stop it as a service is stopped. Returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(60)
        self.said.close()
        return code
