"""Images: a folder of them, or a zip of one, whose sub-folders are the classes; a file of arrays in MedMNIST's layout."""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from lifecycle.errors import DataError, LifecycleError
from lifecycle.models import images
from lifecycle.source import File, Incremental, Source

if TYPE_CHECKING:
    import polars as pl

    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader

ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp"))
DICOM = frozenset((".dcm", ".dicom", ".ima"))
PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test", "testing": "test"}
"""What a folder is called that a publisher has divided, and the part that it is."""
CHUNK = 500
MAX_FILE = 100_000_000
"""Bytes of a file in a zip, unpacked: what says it is larger is refused before it is."""
COLUMNS = ("file", "image", "label", "split", "patient", "site", "device", "view", "width_mm", "dropped")
"""Of every source of images: the place of the file, its bytes, the class, the publisher's part, and what only DICOM says; null where nothing does.
An image of which nobody says whose it is counts as a patient of its own."""
Found = tuple[str, Callable[[], bytes], str | None]


@dataclass(frozen=True)
class Images(Source):
    """Images with their classes, as rows with the columns `file`, `image`, `label`, `split`, `patient`, `site`, `device`, `view`, `width_mm`, `dropped`.

    A folder's name is the class of the images in it; folders called `train`, `val` and `test` are its publisher's parts. Of DICOM files the points
    are kept, and of their tags what `lifecycle.sources.dicom` lists: nothing that names a person.
    """

    file: File
    select: str = "FROM rows"
    incremental: Incremental | None = None
    asked: ClassVar[str] = "label"

    def place(self) -> str:
        return self.file.path

    @classmethod
    def placed(cls, text: str) -> "Images | None":
        if text.lower().endswith((".npz", *DICOM)):
            return cls(File(text))
        from lifecycle.reading import files

        if files.is_remote(text):
            return None
        here = next((each for each in files.candidates(File(text)) if each.exists()), None)
        if here is None or not (here.is_dir() or zipfile.is_zipfile(here)):
            return None
        return cls(File(text)) if _holds_images(here) else None

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import level, relations
        from lifecycle.store.lake import literal

        copy = literal(str(_copied(reader, self._here(reader))))
        return relations.selected(level.leveled(reader.cursor, f"FROM read_parquet({copy})"), self.select)

    def named_files(self) -> tuple[File, ...]:
        return ()

    def with_files(self, change: Callable[[File], File]) -> "Images":
        return replace(self, file=change(self.file))

    def content_key(self) -> str | None:
        from lifecycle.reading import files

        if files.is_remote(self.file.path):
            return self.file.sha256 or None
        here = self._place()
        if here.is_file():
            return files.digest(str(here))
        told = [f"{name}\0{_digest(path)}" for name, path in _listed(here)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def texts(self) -> list[str]:
        return [self.select, self.file.path, self.file.url, *self.file.headers.values()]

    def hold(self, places: "Places", own: Source) -> None:
        places.named_file(self.file)

    def described(self, code: Callable[[str], str]) -> str:
        return f"images in {code(self.file.path)}"

    def cleaned(self, select: str) -> "Images":
        return replace(self, select=select)

    def _place(self) -> Path:
        """The folder or the file on this machine."""
        from lifecycle.reading import files

        found = next((each for each in files.candidates(self.file) if each.exists()), None)
        if found is not None:
            if found.is_file() and self.file.sha256 and files.digest(str(found)) != self.file.sha256:
                raise LifecycleError(
                    f"{found} must have the SHA-256 {self.file.sha256[:12]}..., found another; bring the file that the definition means"
                )
            return found
        return Path(files.locate(self.file))

    def _here(self, reader: "Reader") -> Path:
        from lifecycle.reading import files, remote

        if not files.is_remote(self.file.path):
            return self._place()
        copy = remote.copy(self.file, self.file.path, reader.copy(Path(self.file.path.partition("?")[0]).suffix or ".zip"))
        if self.file.sha256 and files.digest(str(copy)) != self.file.sha256:
            raise LifecycleError(f"{self.file.path} must have the SHA-256 {self.file.sha256[:12]}..., found another; check the address")
        return Path(copy)


def _copied(reader: "Reader", here: Path) -> Path:
    """The rows as Parquet, written some images at a time: what is read from it can be read again."""
    import pyarrow.parquet as pq

    to = reader.copy(".parquet")
    writer = None
    try:
        for frame in _frames(here):
            table = frame.to_arrow()
            writer = writer or pq.ParquetWriter(to, table.schema, compression="none")
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise DataError(
            f"{here.name} holds no images; give a folder of them (a sub-folder for each class), a zip of one, or an .npz in MedMNIST's layout"
        )
    return to


def _frames(here: Path) -> "Iterator[pl.DataFrame]":
    if here.suffix.lower() == ".npz":
        from lifecycle.sources.medmnist import frames

        yield from map(framed, frames(here))
    elif here.is_dir():
        yield from _of_files([(name, path.read_bytes) for name, path in _listed(here)])
    elif here.suffix.lower() in DICOM or not zipfile.is_zipfile(here):
        yield from _of_files([(here.name, here.read_bytes)])
    else:
        yield from _of_zip(here)


def framed(rows: list[dict[str, Any]]) -> "pl.DataFrame":
    """Rows with all columns, whatever each of them knows."""
    import polars as pl

    types = {name: pl.Binary if name == "image" else pl.Float64 if name == "width_mm" else pl.String for name in COLUMNS}
    owned = [{**row, "patient": row.get("patient") or row["file"]} for row in rows]
    return pl.DataFrame([{name: row.get(name) for name in COLUMNS} for row in owned], schema=types)


def _of_files(listed: list[tuple[str, Callable[[], bytes]]]) -> "Iterator[pl.DataFrame]":
    """Images with what the names of their folders say."""
    depth = _common(name for name, _ in listed)
    for start in range(0, len(listed), CHUNK):
        yield framed([_row(name, read(), depth) for name, read in listed[start : start + CHUNK]])


def _row(name: str, content: bytes, depth: int) -> dict[str, Any]:
    folders = PurePosixPath(name).parts[depth:-1]
    part = next((PARTS[folder.lower()] for folder in folders if folder.lower() in PARTS), None)
    label = next((folder for folder in reversed(folders) if folder.lower() not in PARTS), None)
    row: dict[str, Any] = {"file": name, "image": content, "label": label, "split": part}
    if PurePosixPath(name).suffix.lower() in DICOM or content[128:132] == b"DICM":
        from lifecycle.sources import dicom

        row |= dicom.read(content, name)
    return row


def _common(names: Iterator[str]) -> int:
    """How many folders all files lie in: these are no classes."""
    parts = [PurePosixPath(name).parts[:-1] for name in names]
    depth = 0
    while parts and all(len(each) > depth and each[depth] == parts[0][depth] for each in parts) and parts[0][depth].lower() not in PARTS:
        depth += 1
    return depth if len(set(parts)) > 1 else max(depth - 1, 0)


def _listed(folder: Path) -> list[tuple[str, Path]]:
    """The images of a folder by their place in it, in order; hidden files and links that lead out of it are none."""
    root = folder.resolve()
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(part.startswith((".", "__")) for part in name.parts) or not path.is_file() or not path.resolve().is_relative_to(root):
            continue
        if path.suffix.lower() in ENDINGS | DICOM:
            found.append((name.as_posix(), path))
    return found


def _digest(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def _holds_images(here: Path) -> bool:
    """Whether a folder, or a zip, has an image in it."""
    if here.is_dir():
        return any(path.suffix.lower() in ENDINGS | DICOM for path in here.rglob("*"))
    with zipfile.ZipFile(here) as packed:
        return any(PurePosixPath(name).suffix.lower() in ENDINGS | DICOM | {".npz"} for name in packed.namelist())


def _of_zip(here: Path) -> "Iterator[pl.DataFrame]":
    """The images of a zip, each unpacked in memory alone: none of its paths becomes one here.

    Raises:
        DataError: a path leads out of it, or a file says that it is larger than any image.
    """
    with zipfile.ZipFile(here) as packed:
        members = [each for each in packed.infolist() if not each.is_dir()]
        for each in members:
            parts = re.split(r"[/\\]", each.filename)
            if ".." in parts or each.filename.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", each.filename):
                raise DataError(f"{here.name} has a file whose path leads out of it ({each.filename[:80]!r}): nothing of it was read; pack it again")
        arrays = [each for each in members if each.filename.lower().endswith(".npz")]
        if arrays:
            from lifecycle.sources.medmnist import frames

            with packed.open(arrays[0]) as stream:
                yield from map(framed, frames(stream))
            return
        wanted = [
            each
            for each in sorted(members, key=lambda each: each.filename)
            if PurePosixPath(each.filename).suffix.lower() in ENDINGS | DICOM
            and not any(part.startswith((".", "__")) for part in PurePosixPath(each.filename).parts)
        ]

        def reading(member: zipfile.ZipInfo) -> Callable[[], bytes]:
            def read() -> bytes:
                if member.file_size > MAX_FILE:
                    return images.NONE + f"the file is larger than {MAX_FILE // 1_000_000} MB".encode()
                with packed.open(member) as stream:
                    return stream.read(MAX_FILE)

            return read

        yield from _of_files([(each.filename, reading(each)) for each in wanted])
