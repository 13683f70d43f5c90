"""Segments: what a process has promised to keep, in small Parquet files of its own until the lake takes them in."""

import os
import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

NAME = re.compile(r"([0-9a-f]{16}-[0-9a-f]{12})\.(\d{10})\.parquet")
FORGOTTEN = 3600
"""Seconds after which a file that never got its name is the remains of a killed process."""


def place(home: Path, use_case: str, kind: str) -> Path:
    """The folder of a use case's segments of a kind: `predictions` or `labels`."""
    return home / "journal" / use_case / kind


class Writer:
    """The numbered segments of one process in one folder: number n is there before n + 1 is begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{time.time_ns():016x}-{uuid.uuid4().hex[:12]}"
        self.written = 0

    def write(self, frame: "pl.DataFrame") -> Path:
        """Write a segment: when this returns it survives a kill and a power cut; before, nothing of it is seen.

        Raises:
            OSError: the disk refuses; the number is free again.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        final = self.folder / f"{self.name}.{self.written + 1:010d}.parquet"
        arriving = final.with_suffix(".arriving")
        try:
            with arriving.open("wb") as file:
                frame.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
                file.flush()
                os.fsync(file.fileno())
            arriving.rename(final)
            sync(self.folder)
        except BaseException:
            arriving.unlink(missing_ok=True)
            raise
        self.written += 1
        return final


def waiting(folder: Path) -> list[Path]:
    """The segments of a folder, oldest writer first, each writer's in order. What a killed process left unfinished goes."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if NAME.fullmatch(path.name):
            found.append(path)
        elif path.suffix == ".arriving" and _age(path) > FORGOTTEN:
            path.unlink(missing_ok=True)
    return sorted(found)


def _age(path: Path) -> float:
    """Seconds since a file was written to; none where it has got its name since it was listed."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def parted(path: Path) -> tuple[str, int]:
    """The writer and the number of a segment."""
    found = NAME.fullmatch(path.name)
    assert found, f"{path.name} is the name of a segment"
    return found[1], int(found[2])


def sync(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
