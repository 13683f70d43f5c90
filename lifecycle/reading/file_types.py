"""What a file is, told by its first bytes; its name counts only where they say nothing."""

import re
import zipfile
from pathlib import Path

from lifecycle.errors import DataError
from lifecycle.source import Kind

PACKED = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}
"""The first bytes of what is compressed."""
OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel book (.xls); save it as .xlsx",
    b"%PDF": "a PDF document; export its table as CSV",
    b"ARROW1": "an Arrow file; save it as Parquet",
    b"Obj\x01": "an Avro file; save it as Parquet",
    b"ORC": "an ORC file; save it as Parquet",
    b"\x89HDF": "an HDF5 file; save its table as Parquet",
    b"\x89PNG": "a picture; a table is needed",
    b"\xff\xd8\xff": "a picture; a table is needed",
    b"\x7fELF": "a program; a table is needed",
}
NAMED: dict[str, Kind] = {
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".xlsm": "excel", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite",
    ".json": "json", ".ndjson": "json", ".jsonl": "json", ".geojson": "json", ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".psv": "csv",
}  # fmt: skip


def packed(path: Path) -> str:
    """How a file is compressed: `gz`, `zst`, `bz2`, `xz`; empty: it is not."""
    start = _start(path)
    return next((name for magic, name in PACKED.items() if start.startswith(magic)), "")


def kind_of(path: Path, name: str) -> Kind:
    """What an uncompressed file holds.

    Args:
        path: where it is now.
        name: what it was called, for its suffix and for what is said.

    Raises:
        DataError: it is empty, or nothing that can be read as a table.
    """
    start = _start(path)
    if not start:
        raise DataError(f"the file {name} is empty; give one with a header line and rows")
    if start.startswith(b"SQLite format 3\x00"):
        return _database(path, name)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return _book(path, name)
    for magic, what in OTHERS.items():
        if start.startswith(magic):
            raise DataError(f"the file {name} is {what}")
    suffix = _suffix(name)
    if suffix in ("parquet", "excel", "sqlite"):
        raise DataError(f"the file {name} is named like {suffix} and does not begin like it; it is cut short or something else: get it again")
    if suffix:
        return suffix
    return "json" if re.match(rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*\{)", start) else "csv"


def _database(path: Path, name: str) -> Kind:
    """An SQLite file says how many pages it has; one that was cut short would be read as a smaller one."""
    header = _start(path, 100)
    page = int.from_bytes(header[16:18], "big")
    pages, counted = int.from_bytes(header[28:32], "big"), header[24:28] == header[92:96]
    if len(header) < 100 or (counted and path.stat().st_size < pages * (65_536 if page == 1 else page)):
        raise DataError(f"the SQLite file {name} is cut short; get it again")
    return "sqlite"


def _book(path: Path, name: str) -> Kind:
    """An Excel book is a zip archive; a broken one would be read as a smaller one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" not in names:
                raise DataError(f"the file {name} is a zip archive; unpack it and give the file inside ({', '.join(names[:3])})")
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"the file {name} is a damaged zip archive or Excel book ({error}); get it again") from None
    except Exception as error:  # zlib.error has no other base
        raise DataError(f"the file {name} is a damaged zip archive or Excel book ({error}); get it again") from None
    if broken:
        raise DataError(f"the file {name} is a damaged Excel book ({broken} in it is broken); get it again")
    return "excel"


def _suffix(name: str) -> Kind | None:
    lower = name.lower().split("?")[0]
    for ending in (".gz", ".zst", ".bz2", ".xz"):
        lower = lower.removesuffix(ending)
    return next((file_type for suffix, file_type in NAMED.items() if lower.endswith(suffix)), None)


def _start(path: Path, size: int = 64) -> bytes:
    with path.open("rb") as stream:
        return stream.read(size)
