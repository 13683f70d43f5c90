"""The use cases there are, found by their files: `usecases/NAME.py` defines the use case NAME as `use_case`."""

import difflib
import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from lifecycle.errors import DefinitionError, LifecycleError, UnknownUseCase
from lifecycle.settings import settings
from lifecycle.usecase import UseCase

PACKAGE = "usecases"


def names() -> list[str]:
    """The names of all use cases, without loading one."""
    return sorted(_files())


@cache
def find(name: str) -> UseCase:
    """The use case of this name.

    Raises:
        UnknownUseCase: there is none.
        DefinitionError: its file cannot be loaded, or defines no use case of this name.
    """
    file = _files().get(name)
    if file is None:
        close = difflib.get_close_matches(name, names(), 1)
        hint = f"did you mean '{close[0]}'?" if close else f"add usecases/{name}.py"
        raise UnknownUseCase(f"there is no use case '{name}'; there are {', '.join(names()) or 'none'}; {hint}")
    found = getattr(_module(name, file), "use_case", None)
    if not isinstance(found, UseCase) or found.name != name:
        says = f"one named '{found.name}'" if isinstance(found, UseCase) else "none"
        raise DefinitionError(f"{file} must define use_case = UseCase(name='{name}', ...), found {says}; fix it, or rename the file")
    return found


def file(name: str) -> Path:
    """The file that defines a use case, which must be there.

    Raises:
        LifecycleError: there is none.
    """
    found = _files().get(name)
    if found is None:
        raise LifecycleError(f"there is no use case '{name}'; there are {', '.join(names()) or 'none'}")
    return found


def folders() -> list[Path]:
    """Where use cases are looked for: the package of this repository, then `LIFECYCLE_USECASES`."""
    own = importlib.util.find_spec(PACKAGE)
    found = [Path(place) for place in (own.submodule_search_locations or [])] if own else []
    more = settings().usecases
    if not more:
        return found
    if Path(more).expanduser().is_dir():
        return [*found, Path(more).expanduser().absolute()]
    try:
        package = importlib.util.find_spec(more)
    except ImportError:
        package = None
    if package is None or not package.submodule_search_locations:
        raise LifecycleError(
            f"LIFECYCLE_USECASES names '{more}', which is neither a folder nor an importable package; fix it in the environment or .env"
        )
    return [*found, *(Path(place) for place in package.submodule_search_locations)]


def _files() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders():
        for file in sorted(folder.glob("*.py")):
            if file.stem.startswith("_"):
                continue
            if file.stem in found:
                raise DefinitionError(f"the use case '{file.stem}' is defined twice, in {found[file.stem]} and {file}; rename one")
            found[file.stem] = file
    return found


def _module(name: str, file: Path) -> ModuleType:
    try:
        if settings().usecases and file.parent == Path(settings().usecases).expanduser().absolute():
            return _from_folder(name, file)
        package = PACKAGE if file.parent == folders()[0] else settings().usecases
        return importlib.import_module(f"{package}.{name}")
    except LifecycleError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise DefinitionError(f"{file} cannot be loaded ({reason}); fix it") from error


def shadows(name: str, file: Path) -> bool:
    """Whether a file of a user's folder, which is imported under its own name, would take the place of another module."""
    found = importlib.util.find_spec(name)
    return found is not None and found.origin != str(file)


def _from_folder(name: str, file: Path) -> ModuleType:
    """A file of a user's folder, which is importable from there: its helpers and its `schemas` lie beside it."""
    if shadows(name, file):
        raise DefinitionError(f"{file} has the name of the Python module '{name}', which would be hidden by it; rename the file and the use case")
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    schemas = file.parent / "schemas"
    if schemas.is_dir():
        import schemas as package

        if str(schemas) not in package.__path__:
            package.__path__.append(str(schemas))
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
