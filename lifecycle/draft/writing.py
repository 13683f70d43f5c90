"""Where the two files of a draft go, and how they get there: both or none."""

import re
from collections.abc import Mapping
from pathlib import Path

from lifecycle import registry
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import private
from lifecycle.usecase import misnamed


def places(name: str, force: bool) -> tuple[Path, Path]:
    """Where the two files go.

    Raises:
        LifecycleError: the name cannot be one, or is taken.
    """
    if why := misnamed(name):
        like = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
        hint = next((f"; try '{each}'" for each in (like, f"{like}s", f"{like}_case") if not misnamed(each)), "")
        raise LifecycleError(f"the name '{name}' cannot be one: {why}{hint}")
    folder = registry.folders()[-1]
    schemas = folder / "schemas" if settings().usecases else folder.parent / "schemas"
    places = folder / f"{name}.py", schemas / f"{name}.py"
    if settings().usecases and registry.shadows(name, places[0]):
        raise LifecycleError(
            f"there is a Python module '{name}', which a use case of that name would hide; choose another name, such as '{name}_case'"
        )
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
