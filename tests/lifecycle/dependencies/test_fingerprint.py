"""Fingerprints: equal definitions have the same one, others another; every library that is installed counts."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle.dependencies import code, fingerprint, modules
from tests import toys


def test_a_definition_differs_where_any_of_its_fields_does() -> None:
    assert fingerprint.of(toys.toy("same")) == fingerprint.of(toys.toy("same"))
    assert fingerprint.of(toys.toy("same")) != fingerprint.of(toys.toy("same", seed=1))
    assert fingerprint.of(toys.toy("same")) != fingerprint.of(toys.toy("same", features=lambda rows: rows.select("age")))


def test_a_closure_differs_with_what_it_holds() -> None:
    def maker(n: int) -> Callable[[], int]:
        return lambda: n

    assert fingerprint.of(maker(1)) != fingerprint.of(maker(2))


def test_installed_packages_are_covered_by_their_versions_not_read() -> None:
    assert {modules.side(module) for module, _ in code.reached("lifecycle.stages.tune", "tune")} <= {"machinery", "own"}
    assert len(fingerprint.lock()) == 64


def test_an_upgrade_counts_whatever_the_lock_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, locked = fingerprint.libraries(), fingerprint.lock()
    (tmp_path / "polars-99.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    for known in (modules.distributions, fingerprint.libraries):
        known.cache_clear()
    assert fingerprint.libraries() != before
    assert fingerprint.lock() == locked
    monkeypatch.undo()
    for known in (modules.distributions, fingerprint.libraries):
        known.cache_clear()
    assert fingerprint.libraries() == before
