"""Each kind of edit to a definition, as a user makes it: in a file. The stages that it concerns run again, and the others do not."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.dependencies import fingerprint, modules, values
from lifecycle.dependencies.values import Untold, told
from lifecycle.table.feature_table import compute
from lifecycle.usecase import UseCase
from tests.asked import STAGES, Loop
from tests.toys import visits

FILES = {
    "edits_deep": "RATE = 1.0\n\ndef deep(x):\n    return x * RATE\n\ndef unused(x):\n    return x\n",
    "edits_helper": "import edits_deep\n\nTABLE = {'a': 1.0}\n\ndef helped(x):\n    return edits_deep.deep(x)\n\ndef unused(x):\n    return x\n",
    "edits_rates": """
class Rates:
    def of(self, x):
        return x + 1.0

FOUND = [Rates()]
""",
    "edits_lazy": "def late(x):\n    return x - 1.0\n",
    "edits_case": """
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import polars as pl
import edits_helper
from lifecycle.candidates import Candidate, linear
from lifecycle.sources import Generated
from lifecycle.splits import HashSplit
from lifecycle.usecase import Tuning, UseCase
from tests.toys import Visit, visit_source

if TYPE_CHECKING:
    from edits_rates import Rates

CONSTANT = 1.2
BOUNDS = (0.0, 1e9)
shared = lambda x: x * 1.5


@cache
def cached():
    return 2.0


class Adder:
    def __init__(self, more):
        self.more = more

    def __call__(self, x):
        return x + self.more * 1.25


add = Adder(3.0)


class Scale:
    factor = 4.0

    @staticmethod
    def half(x):
        return x / 2.0

    @property
    def double(self):
        return self.factor * 2.0

    def by(self, x):
        return self.half(x) * self.double * 1.75


bound = Scale().by


@dataclass(frozen=True)
class Kind:
    shift: float = 5.0

    def moved(self, x):
        return x + self.shift * 2.25


def outer(n):
    def inner(x):
        return x + n
    return inner


closed = outer(6.0)
some = partial(lambda x, n: x + n, n=7.0)


def found() -> Any:
    import sys
    return sys.modules["edits_rates"].FOUND[0]


def rated(x, rates: "Rates"):
    return rates.of(x)


def features(rows, power=1.0, *, offset=0.0):
    from edits_lazy import late
    x = pl.col("amount").clip(*BOUNDS)
    return rows.select(
        "kind", constant=x * CONSTANT ** power + offset, shared=shared(x), cached=x * cached(), add=add(x), bound=bound(x), closed=closed(x),
        some=some(x), helped=edits_helper.helped(x), late=late(x), rated=rated(x, found()),
    )


use_case = UseCase(
    name="edits", title="edits", problem="binary", schema=Visit, source=Generated(visit_source, {"rows": 3_000}, deterministic=True),
    features=lambda rows: features(rows).with_columns(moved=Kind().moved(pl.col("constant"))), split=HashSplit(),
    candidates=(linear(),), tuning=Tuning(trials=1),
)
""",
}
EDITS = {
    "a module-level lambda": ("edits_case", "x * 1.5", "x * 1.6"),
    "a lambda as a field": ("edits_case", "lambda rows: features(rows)", "lambda rows: features(rows, 2.0)"),
    "a cached function": ("edits_case", "return 2.0", "return 2.1"),
    "a callable instance's code": ("edits_case", "self.more * 1.25", "self.more * 1.26"),
    "a callable instance's state": ("edits_case", "Adder(3.0)", "Adder(3.1)"),
    "a bound method": ("edits_case", "* 1.75", "* 1.76"),
    "a frozen dataclass's method": ("edits_case", "self.shift * 2.25", "self.shift * 2.26"),
    "a frozen dataclass's field": ("edits_case", "shift: float = 5.0", "shift: float = 5.1"),
    "a class in a string annotation only": ("edits_rates", "x + 1.0", "x + 1.1"),
    "a default": ("edits_case", "power=1.0", "power=0.9"),
    "a keyword's default": ("edits_case", "offset=0.0", "offset=0.1"),
    "a closure": ("edits_case", "outer(6.0)", "outer(6.1)"),
    "a partial": ("edits_case", "n=7.0", "n=7.1"),
    "a constant": ("edits_case", "CONSTANT = 1.2", "CONSTANT = 1.1"),
    "a tuple": ("edits_case", "(0.0, 1e9)", "(50.0, 1e9)"),
    "a class attribute": ("edits_case", "factor = 4.0", "factor = 4.1"),
    "a static method": ("edits_case", "x / 2.0", "x / 2.1"),
    "a property": ("edits_case", "self.factor * 2.0", "self.factor * 2.1"),
    "a helper's helper": ("edits_deep", "x * RATE", "x * RATE + 1"),
    "a constant of a helper's helper": ("edits_deep", "RATE = 1.0", "RATE = 1.1"),
    "an import inside of the function": ("edits_lazy", "x - 1.0", "x - 1.1"),
}
NO_EDITS = {
    "a comment": ("edits_case", "    x = pl.col", "    # what was paid\n    x = pl.col"),
    "lines above": ("edits_case", "CONSTANT = 1.2", "\n\nANOTHER = 1.0\n\nCONSTANT = 1.2"),
    "a function that nothing calls": ("edits_deep", "def unused(x):\n    return x", "def unused(x):\n    return x + 1"),
    "an import": ("edits_case", "import polars as pl", "import os\nimport polars as pl"),
    "a constant that nothing names": ("edits_helper", "{'a': 1.0}", "{'a': 1.1}"),
}


class Definition:
    """The files, with an edit or without, and the use case that they define."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, file: str = "", old: str = "", new: str = "") -> UseCase:
        for name, text in FILES.items():
            assert name != file or old in text
            (self.folder / f"{name}.py").write_text(text.replace(old, new) if name == file else text)
        forget()
        importlib.import_module("edits_rates")
        return importlib.import_module("edits_case").use_case


def forget() -> None:
    """Let the modules be loaded, and their files be read, as a new process does."""
    for name in FILES:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    from lifecycle.dependencies import code, outline

    for module in (modules, outline, code, values):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


@pytest.fixture(scope="module")
def define(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Definition]:
    folder = tmp_path_factory.mktemp("edits")
    sys.path.insert(0, str(folder))
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield Definition(folder)
    sys.path.remove(str(folder))
    sys.dont_write_bytecode = written
    forget()


@pytest.fixture(scope="module")
def loop(define: Definition) -> Loop:
    return Loop(define())


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_what_the_features_are_made_by_runs_featurize_again_and_nothing_else(define: Definition, loop: Loop, edit: str) -> None:
    assert loop.again(define()) == []
    assert loop.again(define(*EDITS[edit])) == ["featurize"]


@pytest.mark.parametrize("edit", EDITS)
def test_these_edits_change_the_answer(define: Definition, edit: str) -> None:
    rows = visits(10)
    assert not compute(define(), rows).equals(compute(define(*EDITS[edit]), rows))


@pytest.mark.parametrize("edit", NO_EDITS)
def test_an_edit_of_nothing_that_counts_runs_nothing_again(define: Definition, loop: Loop, edit: str) -> None:
    assert loop.again(define(*NO_EDITS[edit])) == []


def test_another_version_of_a_library_runs_everything_again(define: Definition, loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_case = define()
    (tmp_path / "holidays-0.2.dist-info").mkdir()
    with monkeypatch.context() as installed:
        installed.setattr(sys, "path", [*sys.path, str(tmp_path)])
        modules.distributions.cache_clear()
        fingerprint.libraries.cache_clear()
        assert loop.again(use_case) == list(STAGES)
    modules.distributions.cache_clear()
    fingerprint.libraries.cache_clear()
    assert loop.again(use_case) == []


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A module of the user's, out of a text."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(text: str) -> Any:
        (tmp_path / "edits_one.py").write_text(text)
        sys.modules.pop("edits_one", None)
        importlib.invalidate_caches()
        values._used.cache_clear()
        return importlib.import_module("edits_one")

    return load


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("numbers = (n for n in range(3))\ndef f(x):\n    return next(numbers)\n", "an object of type generator, which edits_one:f uses"),
        ("file = open(__file__)\ndef f(x):\n    return file.read()\n", "an object of type _io.TextIOWrapper, which edits_one:f uses"),
        ("import socket\nline = socket.socket()\ndef f(x):\n    return line.recv(1)\n", "an object of type socket.socket, which edits_one:f uses"),
    ],
)
def test_what_nobody_can_tell_is_named(module: Callable[..., Any], text: str, what: str) -> None:
    made = module(text)
    try:
        with pytest.raises(Untold, match=what.replace(".", r"\.")):
            told(made.f)
    finally:
        for name in ("file", "line"):
            getattr(made, name).close() if hasattr(made, name) else None


def test_a_lock_and_a_log_are_no_part_of_an_answer(module: Callable[..., Any]) -> None:
    text = "import logging, threading\nlog, lock = logging.getLogger('a'), threading.Lock()\ndef f(x):\n    with lock:\n        log.info(x)\n    return x\n"
    assert told(module(text).f) == told(module(text).f)


def test_data_that_is_read_when_a_module_is_loaded_counts_by_what_it_is(module: Callable[..., Any], tmp_path: Path) -> None:
    text = f"import polars as pl\nRATES = pl.read_csv({str(tmp_path / 'rates.csv')!r})\ndef f(x):\n    return x.join(RATES, on='a')\n"
    (tmp_path / "rates.csv").write_text("a,b\n1,2\n")
    before = told(module(text).f)
    assert told(module(text).f) == before
    (tmp_path / "rates.csv").write_text("a,b\n1,3\n")
    assert told(module(text).f) != before


def test_a_file_that_a_function_names_counts_by_its_content(module: Callable[..., Any], tmp_path: Path) -> None:
    text = "import polars as pl\nfrom pathlib import Path\ndef f(x):\n    return pl.read_csv(Path(__file__).parent / 'rates.csv')\n"
    (tmp_path / "rates.csv").write_text("a,b\n1,2\n")
    before = told(module(text).f)
    (tmp_path / "rates.csv").write_text("a,b\n1,30\n")
    assert told(module(text).f) != before


def test_the_same_definition_is_told_the_same_in_every_process(tmp_path: Path) -> None:
    import os
    import subprocess

    code = (
        "from lifecycle import registry; from lifecycle.dependencies.answers import parts\n"
        "for name in registry.names(): known, untold = parts(registry.find(name)); assert not untold, untold; print(name, known)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed, "LIFECYCLE_USECASES": ""}, cwd=Path(__file__).parents[3],
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
