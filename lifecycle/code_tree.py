"""The code that a version was made with as a tree of files again, for as long as it is needed; and a process that runs from it."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lifecycle import provenance, stored_code
from lifecycle.errors import LifecycleError, Lost
from lifecycle.references import ModelVersion
from lifecycle.settings import PREFIX, settings
from lifecycle.stored_code import LeftFile

LOCK = ".in-use"
SECONDS = 6 * 3600
"""A training takes no longer than a stage may."""
LAST_WORDS = 500
MAKE = """
import json, site, sys, sysconfig
from pathlib import Path
from lifecycle import registry
from lifecycle.errors import LifecycleError, Lost
from lifecycle.reproduce import reproduce

name, number, tree, out = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
try:
    found = reproduce(registry.find(name), number)
    ours = ("lifecycle", "schemas", "usecases")
    places = {each: getattr(module, "__file__", None) for each, module in list(sys.modules.items())}
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    installed = tuple({f"{Path(each).resolve()}/" for each in (*site.getsitepackages(), site.getusersitepackages(), *map(sysconfig.get_path, kinds))})
    other = sorted(
        each for each, place in places.items()
        if place and each != "__main__" and not Path(place).resolve().is_relative_to(tree)
        and (each.split(".")[0] in ours or not str(Path(place).resolve()).startswith(installed))
    )
    said = {"found": found, "other": other}
except LifecycleError as error:
    said = {"error": str(error)}
out.write_text(json.dumps(said, default=str))
"""
"""What the process does. `lifecycle.reproduce` is the recorded one: it trains with the code that it finds, which is the recorded code."""


@dataclass(frozen=True)
class CodeTree:
    """The code of a version in a folder."""

    folder: Path
    usecases: str
    """`LIFECYCLE_USECASES` for a process that runs from it; empty: none."""
    working: Path
    """From where the process runs."""
    source: str
    """What it was made of, in words."""
    missing: tuple[str, ...]
    """What it lacks to be all that the version was made with, one clause each."""


class NoTree(LifecycleError):
    """The code of a version cannot be had; the text says in one clause what is missing."""


@contextmanager
def tree(version: ModelVersion) -> "Iterator[CodeTree]":
    """The code of a version in a folder under `LIFECYCLE_HOME`, which is removed afterwards.

    The tree is what was stored with the version, over a checkout of its commit where this is still there. A version of an older
    Lifecycle has stored nothing: of that the commit alone, where no file differed from it.

    Raises:
        NoTree: neither can be had, or what was stored is not what is there now.
    """
    remove_forgotten()
    _places().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{version.use_case}-{version.version}-", dir=_places())).resolve()
    with (folder / LOCK).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield _made(version, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_forgotten() -> None:
    """Remove the trees that killed processes left: their lock is free."""
    for folder in _places().glob("*"):
        try:
            with (folder / LOCK).open() as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody is at work in it


def run(version: ModelVersion, made: CodeTree) -> dict[str, Any]:
    """Reproduce a version in a process of the same Python whose code is the tree's.

    Returns:
        What `lifecycle.reproduce.reproduce` of that code found; under `other` the modules that were not the tree's.

    Raises:
        LifecycleError: the recorded code fails.
    """
    out = made.folder / "found.json"
    command = [sys.executable, "-P", "-c", MAKE, version.use_case, str(version.version), str(made.folder), str(out)]
    with tempfile.TemporaryFile("w+") as errors:
        done = subprocess.run(
            command, cwd=made.working, env=_surroundings(made), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, timeout=SECONDS, check=False
        )
        errors.seek(0)
        last = (errors.read().strip().splitlines() or [f"exit code {done.returncode}"])[-1][-LAST_WORDS:]
    said: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {"error": last}
    if "error" in said:
        raise LifecycleError(
            f"use case '{version.use_case}': version {version.version} must train again with {made.source}, and that fails: {said['error']}"
        )
    return {**said["found"], "other": said["other"]}


def _places() -> Path:
    return settings().home / "reproduce"


def _made(version: ModelVersion, folder: Path) -> CodeTree:
    committed = provenance.checked_out(version.commit, folder)
    try:
        stored = stored_code.unpack(version, folder)
    except Lost as lost:
        raise NoTree(str(lost)) from lost
    commit = f"commit {version.commit[:12]}"
    if stored is None:
        if not version.commit or version.dirty:
            changed = f"from {commit} with changes" if version.commit else "without a commit"
            raise NoTree(f"version {version.version} was made {changed} by a Lifecycle that stored no code with a version")
        if not committed:
            raise NoTree(f"{commit}, from which version {version.version} was made, is not in this checkout")
        return CodeTree(folder, settings().usecases, _working(folder, "."), commit, ())
    for name in stored.deleted:
        (folder / name).unlink(missing_ok=True)
    left = tuple(filter(None, (_beside(folder, each) for each in stored.left)))
    usecases = str(folder / stored_code.DEFINITIONS) if stored.usecases == stored_code.DEFINITIONS else stored.usecases
    source = f"{commit} and the code stored with the version" if committed else "the code stored with the version"
    return CodeTree(folder, usecases, _working(folder, stored.folder), source, (*stored.missing, *left))


def _beside(folder: Path, left: LeftFile) -> str:
    """A file that was not stored, linked to from its place in the tree where it is still the same. Returns in a clause that it is not."""
    file = Path(left.path)
    if _sha256(file) != left.sha256:
        return f"{file}, which is another file now" if file.is_file() else f"{file}, which is not there any more"
    if left.place:
        place = folder / left.place
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(file)
    return ""


def _working(folder: Path, inside: str | None) -> Path:
    """Names of files that are relative are looked for from where the process runs."""
    place = folder / inside if inside is not None else Path.cwd()
    return place if place.is_dir() else folder


def _surroundings(made: CodeTree) -> dict[str, str]:
    """The environment of this process, with its settings as they are here, also those of `.env`."""
    at = settings()
    values = {name: getattr(at, name) for name in type(at).model_fields} | {"usecases": made.usecases}
    plain = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()}
    ours = {f"{PREFIX}{name.upper()}": "" if value is None else str(value) for name, value in plain.items()}
    before = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join([str(made.folder), *([before] if before else [])])
    return {**os.environ, **ours, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""
