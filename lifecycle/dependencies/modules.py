"""Whose code a module is: the machinery's, the user's, or an installed package's; and its source, which need not be loaded."""

import site
import sys
import sysconfig
import time
from functools import cache, lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

MACHINERY = frozenset({"app", "flows", "lifecycle", "tasks"})
OURS = MACHINERY | {"schemas", "usecases"}
INSTALLED = tuple(
    str(Path(folder).resolve()) + "/"
    for folder in {*site.getsitepackages(), site.getusersitepackages(), *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))}
)
STARTED = time.time()
ROOT = Path(__file__).resolve().parents[2]
Side = Literal["machinery", "own", "installed"]


@lru_cache(maxsize=8192)
def side(name: str) -> Side:
    """Whose code a module is. The user's own is all that is neither of this machinery nor installed."""
    top = name.split(".")[0]
    if top in MACHINERY:
        return "machinery"
    if top != "__main__" and (top in sys.stdlib_module_names or top in sys.builtin_module_names):
        return "installed"
    place = file(name)
    if place is not None and (place in ("built-in", "frozen") or (top not in OURS and installed(place))):
        return "installed"
    return "own"


@lru_cache(maxsize=4096)
def text(name: str) -> str:
    """The source of a module of ours or of the user's; nothing for one that is installed or cannot be found."""
    place = file(name)
    if place is None or not place.endswith(".py") or (name.split(".")[0] not in OURS and installed(place)):
        return ""
    return Path(place).read_text(encoding="utf-8") or "\n"


@lru_cache(maxsize=4096)
def edited(name: str) -> bool:
    """Whether the file of a module was written after this process began: then nobody can tell which of the two texts runs here."""
    place = file(name)
    return place is not None and place.endswith(".py") and STARTED < Path(place).stat().st_mtime <= time.time()


def file(name: str) -> str | None:
    """Where a module's source is; finding it loads no more than the packages that it lies in."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None)
    top = name.split(".")[0]
    if top in sys.stdlib_module_names or (top != name and top not in OURS and not text(top)):
        return None  # looking for a module below an installed package would load that package
    parent = name.rpartition(".")[0]
    if parent and not is_package(parent):
        return None  # a name in a module, which need not be loaded to know that
    try:
        found = find_spec(name)
    except (ImportError, ValueError):
        return None
    return found.origin if found else None


@lru_cache(maxsize=4096)
def is_package(name: str) -> bool:
    """Whether modules lie below it."""
    return (file(name) or "").endswith("__init__.py")


def below(package: str) -> list[str]:
    """A package and every module in it; a module that is none alone."""
    if not is_package(package):
        return [package]
    folder = Path(file(package) or "").parent
    found = [f"{package}.{path.stem}" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]
    more = [name for path in sorted(folder.glob("*/__init__.py")) for name in below(f"{package}.{path.parent.name}")]
    return [package, *found, *more]


def installed(place: str) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    return place.endswith(tuple(EXTENSION_SUFFIXES)) or str(Path(place).resolve()).startswith(INSTALLED)


@cache
def distributions() -> tuple[str, ...]:
    """Everything that is installed, with its version, and Python itself."""
    folders = {Path(folder).resolve() for folder in sys.path} - {ROOT}  # what a build leaves in the checkout is not installed
    names = {path.name for folder in folders if folder.is_dir() for path in folder.glob("*-info")}
    return (sys.version, *sorted(names))
