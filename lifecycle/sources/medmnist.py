"""A file of arrays in MedMNIST's layout (Yang et al. 2023, "MedMNIST v2"): `train_images`, `train_labels`, and the same of `val` and `test`."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from lifecycle.errors import DataError
from lifecycle.models import images

PARTS = ("train", "val", "test")
CHUNK = 2_000


def frames(source: Path | IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    """Rows with `file` (the part and the place in it), `image` (as PNG), `label` and `split`, some at a time. Nothing pickled is loaded.

    Raises:
        DataError: it has no such arrays, or an array of other things than images.
    """
    name = getattr(source, "name", "the file")
    try:
        with zipfile.ZipFile(source) as packed:
            there = {each.removesuffix(".npy") for each in packed.namelist()}
            parts = [part for part in PARTS if {f"{part}_images", f"{part}_labels"} <= there]
            if not parts:
                raise DataError(
                    f"{name} must have arrays called train_images and train_labels, as MedMNIST's files do, found {', '.join(sorted(there)[:8]) or 'none'}"
                )
            for part in parts:
                yield from _part(packed, part, str(name))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise DataError(f"{name} cannot be read as a file of arrays: {error}; bring it again") from None


def _part(packed: zipfile.ZipFile, part: str, name: str) -> Iterator[list[dict[str, Any]]]:
    labels = np.load(io.BytesIO(packed.read(f"{part}_labels.npy")), allow_pickle=False)
    labels = labels.reshape(len(labels), -1)
    with packed.open(f"{part}_images.npy") as stream:
        shape, fortran, dtype = _header(stream)
        if dtype != np.uint8 or fortran or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3) or len(labels) != shape[0]:
            raise DataError(
                f"{name}: {part}_images must be uint8 of shape (n, height, width) or (n, height, width, 3) with a label each, found {dtype} of {shape}"
                f" and {len(labels)} labels"
            )
        if labels.shape[1] != 1:
            raise DataError(
                f"{name}: {part}_labels must be one class an image, found {labels.shape[1]} columns; a problem of several labels is none of ours"
            )
        size = int(np.prod(shape[1:]))
        for start in range(0, shape[0], CHUNK):
            count = min(CHUNK, shape[0] - start)
            points = np.frombuffer(stream.read(count * size), np.uint8).reshape(count, *shape[1:])
            yield [
                {"file": f"{part}/{start + at:06}", "image": images.png(points[at]), "label": str(labels[start + at, 0]), "split": part}
                for at in range(count)
            ]


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)
