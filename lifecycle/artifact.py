"""Weights that somebody else has made: where they lie, what they must be, and under which licence they may be used.

Only files that hold numbers are taken (safetensors, ONNX, a tokenizer's JSON): none of them is code, and none is unpickled.
"""

import hashlib
import importlib.util
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from lifecycle.errors import DefinitionError, LifecycleError

PACKAGE, HUB = "package:", "hf://"
ENDS = (".safetensors", ".onnx", ".json")
HUB_PLACE = re.compile(r"hf://(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[^/]+)/(?P<file>.+)")
COMMIT, SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Artifact:
    """One file of weights, which is read only where its content is what the definition says.

    Attributes:
        place: `package:NAME/FILE`, a file of an installed package, which is read and not imported; a path, looked for as sources are; or
            `hf://OWNER/REPOSITORY@COMMIT/FILE`, which is fetched once from the Hugging Face Hub. The commit is compulsory: a branch or a
            tag can be moved.
        sha256: of its content.
        licence: under which it may be used; told in the model card.
    """

    place: str
    sha256: str
    licence: str

    def __post_init__(self) -> None:
        name = f"the artifact {self.place}"
        if not self.place.lower().endswith(ENDS):
            raise DefinitionError(f"{name}: weights are .safetensors or .onnx, a tokenizer is .json, and nothing else is read; convert it")
        if not SHA256.fullmatch(self.sha256):
            raise DefinitionError(f"{name}: sha256 is the 64 hexadecimal digits of its content, found {self.sha256!r}; `sha256sum FILE` prints them")
        if not self.licence:
            raise DefinitionError(f"{name}: the licence under which it may be used is named, found none; say licence='Apache-2.0'")
        hub = HUB_PLACE.fullmatch(self.place)
        if self.place.startswith(HUB) and not (hub and COMMIT.fullmatch(hub["revision"])):
            raise DefinitionError(f"{name}: a place on the hub is hf://OWNER/REPOSITORY@COMMIT/FILE with the 40 digits of a commit; pin it")
        if ".." in PurePosixPath(self.place.removeprefix(PACKAGE)).parts and self.place.startswith((PACKAGE, HUB)):
            raise DefinitionError(f"{name}: a file of a package or a repository lies inside of it; leave the '..' out")

    def path(self) -> Path:
        """Where the file is on this machine; fetched, where it is on the hub and was not yet.

        Raises:
            LifecycleError: it is nowhere.
        """
        if self.place.startswith(PACKAGE):
            return self._in_package()
        from lifecycle.reading import files
        from lifecycle.source import File

        hub = HUB_PLACE.fullmatch(self.place)
        if hub is None:
            return Path(files.locate(File(self.place)))
        hosted = f"{os.environ.get('HF_ENDPOINT', 'https://huggingface.co')}/{hub['repository']}/resolve/{hub['revision']}/{hub['file']}"
        return Path(files.locate(File(f"{self.sha256[:16]}-{PurePosixPath(hub['file']).name}", url=hosted, sha256=self.sha256)))

    def content(self) -> bytes:
        """Its bytes, whose hash has been checked.

        Raises:
            LifecycleError: it is nowhere, or another file than the definition says.
        """
        path = self.path()
        found = path.read_bytes()
        self._check(path, hashlib.sha256(found).hexdigest())
        return found

    def checked(self) -> Path:
        """Its path, once the hash of what lies there has been checked; for libraries that read files themselves.

        Raises:
            LifecycleError: as `content`.
        """
        path = self.path()
        stat = path.stat()
        self._check(path, _digest(path, stat.st_size, stat.st_mtime_ns))
        return path

    def _in_package(self) -> Path:
        package, _, inside = self.place.removeprefix(PACKAGE).partition("/")
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (Path(folder) / inside).is_file():
                return Path(folder) / inside
        raise LifecycleError(
            f"the artifact {self.place}: the package '{package}' must hold it, found {'no such file' if spec else 'no such package'}; install it"
        )

    def _check(self, path: Path, found: str) -> None:
        if found != self.sha256:
            raise LifecycleError(
                f"the artifact {self.place} must have the SHA-256 {self.sha256[:12]}..., found {found[:12]}... in {path}; it is not used: "
                "restore the file, or say its hash in the definition where it was changed on purpose"
            )


@lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _modified: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
