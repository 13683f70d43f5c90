"""The code that a version was made with, stored with it: the machinery, the definition, and all of the user's own that it comes by.

`pack` makes what is stored; `unpack` is the one function by which anything of a run becomes code again, and it takes nothing whose
SHA-256 is not the one that was noted in PostgreSQL when the version was registered.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lifecycle import provenance, registry
from lifecycle.dependencies import modules, reach
from lifecycle.errors import LifecycleError, Lost
from lifecycle.json_model import JsonModel
from lifecycle.settings import settings
from lifecycle.store import versions

if TYPE_CHECKING:
    from lifecycle.references import ModelVersion

FILE = "code.tar.gz"
"""Its name among the files of a version."""
MANIFEST = "stored-code.json"
DEFINITIONS = "definitions"
"""Where in it the folder of `LIFECYCLE_USECASES` is."""
LARGEST, MOST = 1_000_000, 10_000_000
"""Bytes of a file that is no code, and of all files together: what is larger is data."""


class LeftFile(JsonModel):
    """A file that the code names and that is not stored, for it is large or lies elsewhere: where it is, its SHA-256, and its place in the tree."""

    path: str
    sha256: str
    place: str = ""


class StoredCode(JsonModel):
    """What is stored, and what is not.

    Attributes:
        commit: of the checkout that the process ran from; empty where there was none.
        deleted: what the commit has and the checkout had not any more.
        usecases: what `LIFECYCLE_USECASES` must be, where the code lies in a folder: empty, `definitions`, or a package.
        folder: from where in the checkout the process ran; `None`: from elsewhere.
        left: files that the code names and that are not stored.
        missing: what the stored code lacks to be all that the version was made with, one clause each.
    """

    commit: str = ""
    deleted: tuple[str, ...] = ()
    usecases: str = ""
    folder: str | None = None
    left: tuple[LeftFile, ...] = ()
    missing: tuple[str, ...] = ()


def pack(use_case: str) -> bytes:
    """All code that a version of a use case that is registered now is made with, the same bytes for the same code.

    Stored are the whole of the machinery, the definition's module with all of the user's own modules that it imports, the files that
    these name where they lie beside them or in the checkout, and every Python file of the checkout that differs from its commit.
    """
    packer = _Packer()
    packer.machinery()
    packer.definition(use_case)
    packer.changed()
    return packer.packed()


def unpack(version: "ModelVersion", folder: Path) -> StoredCode | None:
    """Write the stored code of a version into a folder; `None` where none was stored, for it was registered by an older Lifecycle.

    Raises:
        Lost: what was stored is gone, or is not what was stored.
    """
    if FILE not in version.files:
        return None
    content = versions.artifact(version, FILE)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            opened = archive.extractfile(member) if member.isfile() else None
            if opened is None or name.is_absolute() or ".." in name.parts:
                raise Lost(f"{version.use_case} version {version.version}: its stored code holds '{member.name}', which is no file of a tree")
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(opened.read())
    return StoredCode.from_json((folder / MANIFEST).read_bytes())


class _Packer:
    """Gathers files by the place that they will have."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.left: list[LeftFile] = []
        self.missing: list[str] = []
        self.deleted: list[str] = []
        self.usecases = ""
        self.size = 0
        more = settings().usecases
        self.own_folder = Path(more).expanduser().resolve() if more and Path(more).expanduser().is_dir() else None

    def machinery(self) -> None:
        for package in ("lifecycle", "schemas", registry.PACKAGE):
            for name in modules.below(package) if package == "lifecycle" else [package]:
                self._module(name)

    def definition(self, use_case: str) -> None:
        try:
            found = registry.find(use_case)
        except LifecycleError:
            self.missing.append("its definition, which was in no file of the registry")
            return
        but = set(_texts(found.source))
        file = registry.file(use_case)
        if self.own_folder and file.parent.resolve() == self.own_folder:
            self.usecases, name = DEFINITIONS, use_case
        else:
            package = registry.PACKAGE if modules.file(f"{registry.PACKAGE}.{use_case}") == str(file) else settings().usecases
            self.usecases, name = ("" if package == registry.PACKAGE else package), f"{package}.{use_case}"
        for each in reach.own_modules(name):
            place = self._module(each)
            if place:
                for named in reach.named_files(modules.text(each), place.parent, but):
                    self._named(named)

    def changed(self) -> None:
        """Python files of the checkout that are not as in its commit, whoever uses them."""
        differing, self.deleted = provenance.changed()
        for name in differing:
            file = provenance.ROOT / name
            if name not in self.files and file.is_file():
                self._add(name, file.read_bytes())

    def packed(self) -> bytes:
        where = Path.cwd().resolve()
        inside = where.is_relative_to(provenance.ROOT)
        told = StoredCode(
            commit=provenance.code().commit,
            deleted=tuple(self.deleted),
            usecases=self.usecases,
            folder=where.relative_to(provenance.ROOT).as_posix() if inside else None,
            left=tuple(self.left),
            missing=tuple(self.missing),
        )
        self.files[MANIFEST] = told.model_dump_json().encode()
        whole = io.BytesIO()
        with gzip.GzipFile(fileobj=whole, mode="wb", mtime=0, compresslevel=6) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
            for name in sorted(self.files):
                member = tarfile.TarInfo(name)
                member.size = len(self.files[name])
                archive.addfile(member, io.BytesIO(self.files[name]))
        return whole.getvalue()

    def _module(self, name: str) -> Path | None:
        """A module by its source. Returns where it lies."""
        place = modules.file(name)
        if place is None or not place.endswith(".py"):
            return None
        file = Path(place).parent.resolve() / Path(place).name  # a link to a file elsewhere is imported where it lies
        if modules.edited(name):
            self.missing.append(f"{name}, whose file was written while the process ran that made it")
        package = file.name == "__init__.py"
        by_name = name.replace(".", "/") + ("/__init__.py" if package else ".py")
        at = file.relative_to(self.own_folder) if self.own_folder and file.is_relative_to(self.own_folder) else None
        self._add(f"{DEFINITIONS}/{at.as_posix()}" if at else by_name, file.read_bytes())
        return file

    def _named(self, file: Path) -> None:
        """A file that the code names: stored where it is small and ours, else told by its hash."""
        if file.is_relative_to(settings().home) or provenance.secret(file.name):
            return
        roots = ((self.own_folder, f"{DEFINITIONS}/"), (provenance.ROOT, ""))
        place = next((under + file.relative_to(root).as_posix() for root, under in roots if root and file.is_relative_to(root)), "")
        if place and file.stat().st_size <= LARGEST:
            self._add(place, file.read_bytes())
        elif all(each.path != str(file) for each in self.left):
            with file.open("rb") as opened:
                self.left.append(LeftFile(path=str(file), sha256=hashlib.file_digest(opened, "sha256").hexdigest(), place=place))

    def _add(self, name: str, content: bytes) -> None:
        self.size += len(content) if name not in self.files else 0
        if self.size > MOST:
            self.missing.append(f"{name}, for more than {MOST:,} bytes are data and no code")
        else:
            self.files[name] = content


def _texts(value: Any) -> Iterator[str]:
    """All texts in a source, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts(each)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))
