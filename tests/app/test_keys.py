"""`lifecycle keys`, as a person types it."""

import json
from pathlib import Path

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.store import keys
from tests.app.conftest import Lifecycle


def test_a_key_is_shown_once_listed_by_its_beginning_revoked_and_forgotten(lifecycle: Lifecycle, home: Path) -> None:
    made = lifecycle("keys", "add", "team-a")
    key = made.stdout.strip()
    assert keys.FORM.fullmatch(key)
    assert made.returncode == 0
    listed = lifecycle("keys", "list", "--json")
    assert [each["name"] for each in json.loads(listed.stdout)["keys"]] == ["team-a"]
    secret = key.split("_", 2)[2]
    assert secret not in listed.stdout
    kept = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert kept == []  # the key is nowhere under the home folder
    again = lifecycle("keys", "add", "team-a")
    assert (again.returncode, "already" in again.stderr) == (1, True)
    assert lifecycle("keys", "revoke", "team-a").returncode == 0
    wrong = lifecycle("keys", "revoke", "team-a")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert json.loads(lifecycle("keys", "forget", "--json").stdout)["forgotten"] == ["team-a"]


def test_names_are_checked_and_keys_are_compared_whole() -> None:
    with pytest.raises(LifecycleError, match="name of a key"):
        keys.add("no spaces, please")
    key = keys.add("compared")
    kept = next(each for each in keys.every() if each.name == "compared")
    assert kept.fits(key)
    assert not kept.fits(key[:-1])
    assert not kept.fits(key + "x")
    keys.revoke("compared")
    assert not next(each for each in keys.every() if each.name == "compared").fits(key)
    keys.forget()
