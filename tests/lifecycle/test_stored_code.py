"""What is stored of the code that a version is made with, and what becomes of it again."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle import code_tree, provenance, stored_code
from lifecycle.errors import Lost
from lifecycle.references import ModelVersion
from lifecycle.settings import settings
from lifecycle.stages.register import register
from lifecycle.store import tracking, versions
from lifecycle.stored_code import FILE, MANIFEST, StoredCode
from tests.challengers import evaluated, parts_of
from tests.toys import toy

CASE = """
import json
from pathlib import Path

import stored_helper
from stored_parts.deep import SCALE
from tests.toys import Visit, toy

RATES = json.loads((Path(__file__).parent / "tables" / "rates.json").read_text())
KEY = ".env.secret"


def features(rows):
    from stored_late import late

    return late(stored_helper.inputs(rows))


use_case = toy("stored_shop", features=features)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of use cases with what a definition may come by: helpers, tables, a secret, a file that is large."""
    made = tmp_path_factory.mktemp("stored")
    for name in ("tables", "stored_parts", "elsewhere"):
        (made / name).mkdir()
    (made / "stored_parts" / "deep.py").write_text("SCALE = 2\n")
    (made / "stored_shop.py").write_text(CASE)
    (made / "stored_helper.py").write_bytes(
        b"# caf\xc3\xa9\r\nLARGE = 'tables/large.csv'\r\ndef inputs(rows):\r\n    return rows.select('amount', 'kind')\r\n"
    )
    (made / "elsewhere" / "late.py").write_text("def late(inputs):\n    return inputs\n")
    (made / "stored_late.py").symlink_to(made / "elsewhere" / "late.py")
    (made / "unused.py").write_text("secret = 'hush'\n")
    (made / "tables" / "rates.json").write_text("[1]")
    (made / "tables" / "large.csv").write_bytes(b"x" * (stored_code.LARGEST + 1))
    (made / ".env.secret").write_text("PASSWORD=hush\n")
    before = os.environ["LIFECYCLE_USECASES"]
    os.environ["LIFECYCLE_USECASES"] = str(made)
    settings.cache_clear()
    yield made
    os.environ["LIFECYCLE_USECASES"] = before
    settings.cache_clear()


@pytest.fixture(scope="module")
def version(folder: Path) -> ModelVersion:
    use_case = toy("stored_shop", parameters={"rows": 2_500})
    return register(use_case, evaluated(use_case, parts_of(use_case)))


def files(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]


def test_a_definition_is_stored_with_all_that_it_comes_by_and_with_nothing_else_of_its_folder(folder: Path) -> None:
    found = files(stored_code.pack("stored_shop"))
    own = {name for name in found if name.startswith("definitions/")}
    assert own == {
        f"definitions/{name}" for name in ("stored_shop.py", "stored_helper.py", "stored_late.py", "stored_parts/deep.py", "tables/rates.json")
    }
    assert found["definitions/stored_helper.py"] == (folder / "stored_helper.py").read_bytes(), "every byte as it was"
    assert {"tests/toys.py", "schemas/roles.py", "lifecycle/fit.py", "lifecycle/kinds/binary.py", "usecases/__init__.py"} <= set(found)
    assert b"hush" not in b"".join(content for name, content in found.items() if name.startswith("definitions/"))
    told = StoredCode.from_json(found[MANIFEST])
    assert [(each.path, each.place) for each in told.left] == [(str(folder / "tables" / "large.csv"), "definitions/tables/large.csv")]
    assert told.usecases == "definitions"


def test_a_package_of_use_cases_is_stored_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stored_cases").mkdir()
    (tmp_path / "stored_cases" / "__init__.py").write_text("")
    (tmp_path / "stored_cases" / "stored_corner.py").write_text("from tests.toys import toy\nuse_case = toy('stored_corner')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LIFECYCLE_USECASES", "stored_cases")
    settings.cache_clear()
    try:
        found = files(stored_code.pack("stored_corner"))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert {"stored_cases/__init__.py", "stored_cases/stored_corner.py", "tests/toys.py"} <= set(found)
    assert StoredCode.from_json(found[MANIFEST]).usecases == "stored_cases"


def test_the_same_code_is_stored_as_the_same_bytes(folder: Path) -> None:
    assert stored_code.pack("stored_shop") == stored_code.pack("stored_shop")


def test_a_tree_has_what_was_stored_whatever_has_become_of_it_and_is_removed(version: ModelVersion, folder: Path) -> None:
    text = (folder / "stored_helper.py").read_bytes()
    (folder / "stored_helper.py").unlink()
    (folder / "tables" / "large.csv").write_bytes(b"other")
    try:
        with code_tree.tree(version) as made:
            assert (made.folder / "definitions" / "stored_helper.py").read_bytes() == text
            assert made.folder.is_relative_to(settings().home)
            assert made.usecases == str(made.folder / "definitions")
            assert f"{folder / 'tables' / 'large.csv'}, which is another file now" in made.missing
    finally:
        (folder / "stored_helper.py").write_bytes(text)
    assert list((settings().home / "reproduce").iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_another_is_at_work_in_is_not(version: ModelVersion) -> None:
    left = settings().home / "reproduce" / "left"
    left.mkdir(parents=True, exist_ok=True)
    (left / code_tree.LOCK).write_text("")
    with code_tree.tree(version) as first:
        assert not left.exists()
        with code_tree.tree(version) as second:
            assert first.folder.exists()
            assert first.folder != second.folder


def test_stored_code_that_somebody_changed_never_becomes_code(version: ModelVersion) -> None:
    place = tracking.local(version.run_location)
    assert place
    kept = (place / FILE).read_bytes()
    (place / FILE).write_bytes(kept[:-1] + b"x")
    try:
        with (
            pytest.raises(code_tree.NoTree, match=r"its artifact 'code.tar.gz' must have the SHA-256 .* somebody changed it"),
            code_tree.tree(version),
        ):
            pass
    finally:
        (place / FILE).write_bytes(kept)


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py"])
def test_no_file_is_written_outside_of_the_tree(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: ModelVersion) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    monkeypatch.setattr(versions, "artifact", lambda version, path: whole.getvalue())
    with pytest.raises(Lost, match="which is no file of a tree"):
        stored_code.unpack(version, tmp_path / "tree")
    assert not (tmp_path / "outside.py").exists()


def test_a_version_of_an_older_lifecycle_is_its_commit_or_says_why_not(version: ModelVersion) -> None:
    def older(**changes: Any) -> ModelVersion:
        return version.model_copy(update={"files": {}, "dirty": False, **changes})

    head = provenance.code().commit
    if head:
        with code_tree.tree(older(commit=head)) as made:
            assert (made.folder / "lifecycle" / "fit.py").is_file()
            assert (made.source, made.missing) == (f"commit {head[:12]}", ())
    for changes, why in (
        ({"commit": "0" * 40}, "commit 000000000000, from which version 1 was made, is not in this checkout"),
        ({"commit": "0" * 40, "dirty": True}, "from commit 000000000000 with changes by a Lifecycle that stored no code"),
        ({"commit": ""}, "was made without a commit by a Lifecycle that stored no code"),
    ):
        with pytest.raises(code_tree.NoTree, match=why), code_tree.tree(older(**changes)):
            pass


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout


def test_a_commit_is_had_as_it_was_and_what_differs_from_it_is_known(tmp_path: Path) -> None:
    checkout, tree = tmp_path / "checkout", tmp_path / "tree"
    checkout.mkdir()
    git(checkout, "init", "--quiet")
    for name, content in {"a.py": b"x = 1\r\n", "b.py": b"y = 2\n", "picture.png": b"\x00\xff", "gone.txt": b"here"}.items():
        (checkout / name).write_bytes(content)
    git(checkout, "add", ".")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "one")
    commit = git(checkout, "rev-parse", "HEAD").strip()
    (checkout / "a.py").write_bytes(b"x = 3\r\n")
    (checkout / "picture.png").write_bytes(b"\x01")
    (checkout / "gone.txt").unlink()
    assert provenance.changed(checkout) == (["a.py"], ["gone.txt"])
    assert provenance.checked_out(commit, tree, checkout)
    assert [(tree / name).read_bytes() for name in ("a.py", "picture.png", "gone.txt")] == [b"x = 1\r\n", b"\x00\xff", b"here"]
    assert git(checkout, "worktree", "list").count("\n") == 1, "nothing is noted in the repository"
    assert not provenance.checked_out("0" * 40, tree, checkout)
    assert not provenance.checked_out("", tree, checkout)
    assert not provenance.checked_out(commit, tree, tmp_path / "nowhere")
