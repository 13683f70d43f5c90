"""Vectors that are kept: found again by whoever asks, whole or not at all, and never more than there is room for."""

from pathlib import Path

import numpy as np
import pytest

from lifecycle.store import embeddings
from lifecycle.store.embeddings import VECTOR, Vectors


def keys(first: int, number: int) -> np.ndarray:
    return np.array([f"{at:016}".encode() for at in range(first, first + number)], "S16")


def made(first: int, number: int) -> np.ndarray:
    return (np.arange(first, first + number)[:, None] + np.zeros(4)).astype(VECTOR)


def test_what_one_process_has_kept_another_finds(tmp_path: Path) -> None:
    one, other = Vectors(tmp_path, 4), Vectors(tmp_path, 4)
    assert not other.get(keys(0, 3))[0].any()
    one.put(keys(0, 10), made(0, 10))
    one.put(keys(20, 5), made(20, 5))
    asked = np.concatenate([keys(24, 1), keys(15, 1), keys(3, 1)])
    known, found = other.get(asked)
    assert known.tolist() == [True, False, True]
    assert found[:, 0].tolist() == [24, 0, 3]


def test_what_a_kill_left_half_written_is_not_there(tmp_path: Path) -> None:
    store = Vectors(tmp_path, 4)
    store.put(keys(0, 10), made(0, 10))
    (segment,) = tmp_path.glob("*.keys.npy")
    whole = segment.read_bytes()
    for left in (b"", whole[: len(whole) // 2]):
        segment.write_bytes(left)
        assert not Vectors(tmp_path, 4).get(keys(0, 10))[0].any()
    segment.unlink()  # the vectors come first: without their keys they are nobody's
    again = Vectors(tmp_path, 4)
    assert not again.get(keys(0, 10))[0].any()
    again.put(keys(0, 10), made(0, 10))
    assert again.get(keys(0, 10))[0].all()


def test_many_small_files_become_one_and_the_oldest_vectors_go_where_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "MOST_SEGMENTS", 5)
    monkeypatch.setattr(embeddings, "MOST_BYTES", 30 * 4 * 2)
    store, other = Vectors(tmp_path, 4), Vectors(tmp_path, 4)
    for at in range(5):
        store.put(keys(at * 10, 10), made(at * 10, 10))
    assert other.get(keys(0, 50))[0].all()
    store.put(keys(50, 10), made(50, 10))
    assert len(list(tmp_path.glob("*.keys.npy"))) == len(list(tmp_path.glob("*.vectors.npy"))) == 1
    for each in (store, other):
        known, found = each.get(keys(0, 60))
        assert known.tolist() == [False] * 30 + [True] * 30
        assert found[known][:, 0].tolist() == list(range(30, 60))
