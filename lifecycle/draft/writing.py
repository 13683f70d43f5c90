"""Where the two files of a draft go, and how they get there: both or none."""

import re
from collections.abc import Mapping
from pathlib import Path

from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import private


def places(name: str, force: bool) -> tuple[Path, Path]:
    """Where the two files go.

    Raises:
        LifecycleError: the name cannot be one, or is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        like = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
        hint = f"; try '{like}'" if re.fullmatch(r"[a-z][a-z0-9_]*", like) else ""
        raise LifecycleError(f"the name '{name}' cannot be one: lower-case letters, digits and _, starting with a letter{hint}")
    folder = registry.folders()[-1]
    schemas = folder / "schemas" if settings().usecases else folder.parent / "schemas"
    places = folder / f"{name}.py", schemas / f"{name}.py"
    taken = [place for place in places if place.exists()]
    elsewhere = name in registry.names() and not places[0].exists()
    if elsewhere or (taken and not force):
        remedy = "choose another name" + ("" if elsewhere else ", or write over it with --force")
        raise LifecycleError(f"there is a use case '{name}' already{f' ({taken[0]})' if taken else ''}; {remedy}")
    return places


def save(files: Mapping[Path, str]) -> None:
    """Write both files, or none."""
    for place, text in files.items():
        if not place.parent.exists():
            place.parent.mkdir(parents=True)
            private.handed_over(place.parent)
        place.with_suffix(".py.new").write_text(text, encoding="utf-8")
    for place in files:
        private.handed_over(place.with_suffix(".py.new")).replace(place)
