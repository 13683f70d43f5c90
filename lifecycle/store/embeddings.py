"""Vectors of texts, kept by what the text is and what made the vector: each is computed once, whoever asks.

A cache under the home of this machine: what is in it can be computed again. A segment is two files of NumPy (sorted keys, and their
vectors), which are written under another name and then renamed, the keys last: a kill leaves a whole segment or none, and processes that
read and write at once need no lock. Vectors are mapped into memory and not read into it.
"""

import contextlib
import secrets
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from lifecycle.settings import settings
from lifecycle.store import private

KEY = 16
"""Bytes of a key."""
FOLDER = "embeddings"
MOST_SEGMENTS = 48
"""More of them are merged into one."""
MOST_BYTES = 2_000_000_000
"""Of the vectors of one encoder on the disk; beyond it the oldest segments go."""
VECTOR = np.float16
"""Vectors have three digits: what is computed is rounded to them too, so that a vector is the same whether it was kept or not."""


class Vectors:
    """The kept vectors of one encoder.

    Args:
        folder: theirs alone.
        width: numbers of a vector.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.folder, self.width = folder, width
        self._segments: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._turn = threading.Lock()

    def get(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the keys (`S16`, length n) are kept, as a mask, and the vectors, shape (n, width), zero where none is."""
        found = np.zeros((len(keys), self.width), VECTOR)
        known = np.zeros(len(keys), bool)
        with self._turn:
            self._look()
            segments = list(self._segments.values())
        for segment, vectors in segments:
            left = np.flatnonzero(~known)
            if not len(left):
                break
            at = np.searchsorted(segment, keys[left]).clip(max=len(segment) - 1)
            same = segment[at] == keys[left]
            found[left[same]] = vectors[at[same]]
            known[left[same]] = True
        return known, found

    def put(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Keep vectors under different keys."""
        order = np.argsort(keys)
        self._write(keys[order], vectors[order].astype(VECTOR))
        if len(self._names()) > MOST_SEGMENTS:
            with self._turn:
                self._merge()

    def _look(self) -> None:
        """Take up what other processes have written, and let go of what is gone."""
        names = self._names()
        for name in self._segments.keys() - set(names):
            del self._segments[name]
        for name in names:
            if name not in self._segments and (opened := self._opened(name)) is not None:
                self._segments[name] = opened

    def _opened(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        try:
            keys = np.load(self.folder / f"{name}.keys.npy", allow_pickle=False)
            vectors = np.load(self.folder / f"{name}.vectors.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):  # merged away by another process meanwhile, or damaged: it is computed again
            return None
        whole = keys.dtype == f"S{KEY}" and len(keys) > 0 and vectors.shape == (len(keys), self.width) and vectors.dtype == VECTOR
        return (keys, vectors) if whole else None

    def _names(self) -> list[str]:
        """The segments, the newest first."""
        files = [(file.stat().st_mtime_ns, file.name) for file in self._files("*.keys.npy")]
        return [name.removesuffix(".keys.npy") for _, name in sorted(files, reverse=True)]

    def _files(self, pattern: str) -> Iterator[Path]:
        for file in self.folder.glob(pattern):
            if file.exists():
                yield file

    def _write(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(8)
        for part, content in (("vectors", vectors), ("keys", keys)):
            arriving = self.folder / f".{name}.{part}.arriving"
            with arriving.open("wb") as stream:
                np.save(stream, content, allow_pickle=False)
            arriving.rename(self.folder / f"{name}.{part}.npy")

    def _merge(self) -> None:
        """Make one segment of all, of which the newest are kept where they are too many, and remove what it holds."""
        self._look()
        merged = list(self._segments.items())
        most = MOST_BYTES // (self.width * np.dtype(VECTOR).itemsize)
        taken: list[tuple[np.ndarray, np.ndarray]] = []
        rows = 0
        for _, (keys, vectors) in merged:
            if rows >= most:
                break
            taken.append((keys, vectors))
            rows += len(keys)
        if taken:
            keys, first = np.unique(np.concatenate([keys for keys, _ in taken]), return_index=True)
            self._write(keys, np.concatenate([vectors for _, vectors in taken])[first])
        for name, _ in merged:
            for part in ("keys", "vectors"):
                with contextlib.suppress(OSError):
                    (self.folder / f"{name}.{part}.npy").unlink()


@lru_cache(maxsize=8)
def _vectors(folder: Path, width: int) -> Vectors:
    return Vectors(folder, width)


def of(encoder: str, width: int) -> Vectors:
    """The kept vectors of an encoder, by what tells it from all others."""
    private.claim(settings().home)
    return _vectors(settings().home / FOLDER / encoder, width)
