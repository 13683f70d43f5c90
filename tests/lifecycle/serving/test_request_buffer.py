"""Rows that were asked about: each once, however often it is asked about, and not without end."""

import pytest

from lifecycle.serving import request_buffer
from lifecycle.serving.request_buffer import RequestBuffer


def rows(key: int | None = 0) -> RequestBuffer:
    """Of the cells key, customer, amount."""
    return RequestBuffer(key, {"customer": 1})


def test_a_row_that_is_asked_about_again_takes_the_place_that_it_had() -> None:
    kept = rows()
    for amount in range(1_000):
        kept.put((1, "ada", amount))
        kept.put((2, "ada", amount))
    assert list(kept) == [(1, "ada", 999), (2, "ada", 999)]
    assert kept.of({"customer": ["ada"]}, but=[2, 7]) == [(1, "ada", 999)]
    assert len(kept._by_entity["customer"]["ada"]) == 2


def test_a_row_that_changes_its_entity_is_found_at_the_new_one_alone() -> None:
    kept = rows()
    kept.put((1, "ada", 5))
    kept.put((1, None, 5))
    kept.put((1, "bob", 5))
    assert kept.of({"customer": ["ada", None]}, but=[]) == []
    assert kept.of({"customer": ["bob"]}, but=[]) == [(1, "bob", 5)]
    assert list(kept._by_entity["customer"]) == ["bob"]


@pytest.mark.parametrize("key", [0, None])
def test_beyond_the_bound_those_that_came_first_go(key: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_buffer, "MAX_ROWS", 3)
    kept = rows(key)
    for number in range(10):
        kept.put((number, number % 2, 0))
    assert [number for number, *_ in kept] == [7, 8, 9]
    assert kept.of({"customer": [0]}, but=[]) == [(8, 0, 0)]
    assert (kept.get(9), kept.get(1), 9 in kept, 1 in kept) == (((9, 1, 0), None, True, False) if key == 0 else (None, None, False, False))


def test_rows_without_a_key_are_never_the_same() -> None:
    kept = rows(None)
    for _ in range(3):
        kept.put((1, "ada", 5))
    assert len(kept) == 3
