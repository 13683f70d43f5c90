import re
import tomllib
from pathlib import Path

import pytest

from lifecycle import Candidate, extras
from lifecycle.candidates import linear
from lifecycle.errors import LifecycleError
from tests.toys import toy

ROOT = Path(__file__).parents[2]


def needing(extra: str) -> Candidate:
    plain = linear()
    return Candidate(f"{extra} model", plain.build, plain.space, plain.defaults, extra=extra)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the recommender library."""
    monkeypatch.setitem(extras.MODULES, "recommendation", ("not_installed_anywhere",))


def test_an_extra_that_is_there_is_not_spoken_of() -> None:
    extras.check(toy("complete"))


@pytest.mark.usefixtures("without")
def test_a_missing_extra_is_one_sentence_with_who_needs_it_and_the_remedy() -> None:
    use_case = toy("lacking", candidates=(linear(), needing("recommendation")))
    with pytest.raises(LifecycleError) as refused:
        extras.check(use_case)
    assert str(refused.value) == (
        "use case 'lacking': its candidate 'recommendation model' needs the extra 'recommendation', whose not_installed_anywhere is not installed; "
        "run: make extras, or pip install '.[recommendation]'"
    )


def test_every_extra_that_is_asked_for_can_be_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    offered = project["optional-dependencies"]
    assert set(extras.MODULES) <= set(offered)
    for extra, modules in extras.MODULES.items():
        packages = {re.split(r"[^A-Za-z0-9_.-]", each)[0].replace("-", "_").lower() for each in offered[extra]}
        assert {{"PIL": "pillow"}.get(name, name).lower() for name in modules} == packages
