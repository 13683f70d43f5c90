"""What is said of the code that made a model."""

import subprocess
from pathlib import Path

import pytest

from lifecycle import provenance


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "model.py").write_text("depth = 3\n")
    (tmp_path / ".env").write_text("PASSWORD=first\n")
    git(tmp_path, "add", "--force", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "one")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    state = provenance.code(checkout)
    assert state.commit == git(checkout, "rev-parse", "HEAD").strip()
    assert not state.dirty
    assert provenance.diff(checkout) == ""


def test_an_edit_makes_it_dirty_and_is_in_the_diff(checkout: Path) -> None:
    (checkout / "model.py").write_text("depth = 4\n")
    assert provenance.code(checkout).dirty
    assert "-depth = 3\n+depth = 4\n" in provenance.diff(checkout)


def test_the_diff_holds_no_secrets_and_nothing_that_is_not_tracked(checkout: Path) -> None:
    (checkout / ".env").write_text("PASSWORD=second\n")
    (checkout / "new.py").write_text("key = 'topsecret'\n")
    (checkout / "notes.txt").write_text("topsecret\n")
    found = provenance.diff(checkout)
    assert provenance.code(checkout).untracked == ("new.py",)
    assert found == "# not tracked: new.py\n"


def test_a_huge_diff_is_cut_and_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "LONGEST_DIFF", 200)
    (checkout / "model.py").write_text("x = 1\n" * 1_000)
    found = provenance.diff(checkout)
    assert len(found) < 300
    assert "# cut here: the whole diff has" in found


def test_without_git_or_a_commit_there_is_no_commit(tmp_path: Path) -> None:
    assert provenance.code(tmp_path / "nowhere").commit == ""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.py").write_text("")
    assert provenance.code(tmp_path) == provenance.Code("", True, ("a.py",))
