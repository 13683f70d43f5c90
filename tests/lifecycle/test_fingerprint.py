"""Fingerprints: what a definition reaches changes them, what it does not reach does not."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lifecycle import fingerprint
from tests import toys

FILES = {
    "fp_helper.py": "RATE = 2\n\ndef scale(x):\n    return x * RATE\n\ndef other(x):\n    return x\n",
    "fp_deep.py": "import fp_helper\n\ndef deep(x):\n    return fp_helper.scale(x)\n",
    "fp_case.py": "from fp_deep import deep\nimport math\n\nclass Box:\n    size = 1\n\ndef features(x):\n    return deep(x) + Box.size + math.pi\n",
}


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A function that writes the three modules with one edit, and gives the fingerprint of `fp_case.features`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def fingerprint_with(file: str = "", old: str = "", new: str = "") -> str:
        for name, text in FILES.items():
            (tmp_path / name).write_text(text.replace(old, new) if name == file else text)
        forget()
        return fingerprint.of(load().features)

    def load() -> ModuleType:
        return importlib.import_module("fp_case")

    def forget() -> None:
        for name in ("fp_case", "fp_deep", "fp_helper"):
            sys.modules.pop(name, None)
        import linecache

        importlib.invalidate_caches()
        linecache.clearcache()
        sys.dont_write_bytecode = True
        for function in vars(fingerprint).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()

    yield fingerprint_with
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fp_case.py", "math.pi", "math.e"),
        ("fp_case.py", "size = 1", "size = 3"),
        ("fp_deep.py", "scale(x)", "scale(x) + 1"),
        ("fp_helper.py", "x * RATE", "x + RATE"),
        ("fp_helper.py", "RATE = 2", "RATE = 3"),
    ],
    ids=["its own body", "a class it names", "a function it imports", "a helper of that", "a constant of the helper"],
)
def test_an_edit_of_anything_reached_changes_the_fingerprint(case: Callable[..., str], file: str, old: str, new: str) -> None:
    assert case() != case(file, old, new)


def test_an_edit_of_something_not_reached_does_not(case: Callable[..., str]) -> None:
    assert case() == case("fp_helper.py", "return x\n", "return x + 1\n") == case("fp_case.py", "import math\n", "import math\nimport os\n")


def test_a_definition_differs_where_any_of_its_fields_does() -> None:
    assert fingerprint.of(toys.toy("same")) == fingerprint.of(toys.toy("same"))
    assert fingerprint.of(toys.toy("same")) != fingerprint.of(toys.toy("same", seed=1))
    assert fingerprint.of(toys.toy("same")) != fingerprint.of(toys.toy("same", features=lambda rows: rows.select("age")))


def test_a_closure_differs_with_what_it_holds() -> None:
    def maker(n: int) -> Callable[[], int]:
        return lambda: n

    assert fingerprint.of(maker(1)) != fingerprint.of(maker(2))


def test_installed_packages_are_covered_by_the_lock_not_read() -> None:
    assert not [name for name in fingerprint.reached(toys.visits) if name.startswith(("polars", "numpy"))]
    assert len(fingerprint.lock()) == 64
