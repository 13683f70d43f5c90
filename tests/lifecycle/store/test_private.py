import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.store import outside_home, private

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_that_is_made_is_closed_and_what_is_written_after_it_is_private(tmp_path: Path) -> None:
    private.claim(tmp_path / "a" / "home")
    (tmp_path / "a" / "home" / "rows").write_text("")
    private.folder(tmp_path / "a" / "home" / "lake")
    assert [mode(path) for path in (tmp_path / "a" / "home", tmp_path / "a" / "home" / "lake")] == [0o700, 0o700]
    assert mode(tmp_path / "a" / "home" / "rows") == 0o600


def test_an_open_home_of_before_is_closed(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    tmp_path.chmod(0o755)
    private.claim(tmp_path)
    assert mode(tmp_path) == 0o700


def test_a_folder_of_other_things_is_no_home_and_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    tmp_path.chmod(0o755)
    with pytest.raises(LifecycleError, match=r"folder of its own.*such as .*/lifecycle"):
        private.claim(tmp_path)
    assert mode(tmp_path) == 0o755


@AS_ROOT
def test_the_home_of_another_account_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(LifecycleError, match=r"must belong to the account .*'root'.*LIFECYCLE_HOME"):
        private.claim(tmp_path)


def test_a_file_in_the_place_of_the_home_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(LifecycleError, match="found a file"):
            private.claim(home)


def test_a_folder_elsewhere_is_ours_alone_and_found_again_until_it_is_removed(tmp_path: Path) -> None:
    made = outside_home.made(tmp_path)
    assert outside_home.made(tmp_path) == outside_home.found(tmp_path) == made
    assert mode(made) & 0o066 == 0
    outside_home.remove(tmp_path)
    assert not made.exists()
    assert outside_home.found(tmp_path) is None


def test_a_folder_elsewhere_that_others_may_write_or_that_leads_on_is_not_used(tmp_path: Path) -> None:
    first = outside_home.made(tmp_path)
    first.chmod(0o777)
    second = outside_home.made(tmp_path)
    assert second != first, "anybody could have put a socket there"
    second.rmdir()
    second.symlink_to(tmp_path)
    third = outside_home.made(tmp_path)
    assert third != second
    assert not third.is_symlink()
    first.rmdir()
    second.unlink()
    outside_home.remove(tmp_path)


@AS_ROOT
def test_a_folder_elsewhere_that_another_account_made_is_not_used(tmp_path: Path) -> None:
    first = outside_home.made(tmp_path)
    os.chown(first, 65534, 65534)
    assert outside_home.made(tmp_path) != first
    outside_home.remove(tmp_path)
    first.rmdir()
