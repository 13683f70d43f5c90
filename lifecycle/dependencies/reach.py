"""What a module of the user's comes by when it is loaded and run: modules of the user's own, and the files that their texts name."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from lifecycle.dependencies import modules
from lifecycle.dependencies.code import absolute
from lifecycle.dependencies.outline import outline
from lifecycle.dependencies.values import FILE_NAME, LONGEST_NAME


def own_modules(start: str) -> list[str]:
    """A module and all of the user's own that it imports, at its top or in a function, and their packages; itself first.

    What is imported under a name that is only made when the code runs cannot be seen.
    """
    found: dict[str, None] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found or not modules.text(name):
            continue
        found[name] = None
        parts = name.split(".")
        waiting += [".".join(parts[:length]) for length in range(1, len(parts))]
        waiting += [each for each in _imported(name) if modules.side(each) == "own"]
    return list(found)


def _imported(name: str) -> Iterator[str]:
    known = outline(name)
    for one in {*known.imports, *(each for definition in known.definitions.values() for each in definition.imports)}:
        base = absolute(name, one)
        yield base
        if one[2] and one[2] != "*" and modules.text(f"{base}.{one[2]}"):
            yield f"{base}.{one[2]}"


def named_files(text: str, folder: Path, but: Iterable[str] = ()) -> list[Path]:
    """The files that a source names: beside it, in a folder that it names too, or from where the process runs.

    Args:
        text: the source.
        folder: where it lies.
        but: texts that name no file of the code, such as where rows come from.
    """
    said = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and isinstance(node.value, str)} - {*but}
    short = sorted(each for each in said if 0 < len(each) <= LONGEST_NAME and "\0" not in each and "\n" not in each)
    folders = [folder, *(folder / each for each in short if not Path(each).is_absolute() and _is(folder / each, "dir")), Path.cwd()]
    names = [each for each in short if FILE_NAME.fullmatch(each)]
    places = (place / name for name in names for place in ([Path()] if Path(name).is_absolute() else folders))
    return sorted({place.resolve() for place in places if _is(place, "file")})


def _is(place: Path, what: str) -> bool:
    try:
        return place.is_file() if what == "file" else place.is_dir()
    except OSError:
        return False  # a name that is too long for this disk, or a folder that nobody may look into
