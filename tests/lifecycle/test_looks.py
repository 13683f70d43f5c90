"""How often the gate has looked at rows, and what each look may err by."""

import pytest

from lifecycle.gate.looks import Look, LookRows, PastLook, count, hashes, kept, shared
from lifecycle.usecase import Gate


def looked(champion: int, *spans: tuple[int, int]) -> tuple[list[Look], list[PastLook]]:
    """One look after the other at the keys of each span."""
    found, past = [], []
    for version, (first, last) in enumerate(spans, champion + 1):
        keys = hashes(range(first, last))
        look = count(past, champion, keys)
        past.append(PastLook(version, champion, LookRows.of_text(kept(keys, "", look.began or version))))
        found.append(look)
    return found, past


def numbered(looks: list[Look]) -> list[tuple[int, int]]:
    return [(look.number, look.renewed) for look in looks]


def test_all_looks_together_may_err_by_no_more_than_the_gate_says() -> None:
    gate = Gate(confidence=0.95)
    sides = [(1 - Look(number, renewed).confidence(gate)) / 2 for renewed in range(1, 400) for number in range(1, 400)]
    assert 0.0497 < sum(sides) < 0.05
    assert Look().confidence(gate) == pytest.approx(0.95)


def test_one_new_row_does_not_begin_a_new_count() -> None:
    assert numbered(looked(1, (0, 1_000), (0, 1_001), (1, 1_002))[0]) == [(1, 1), (2, 1), (3, 1)]


def test_rows_that_have_doubled_and_rows_of_which_half_have_gone_are_a_new_set() -> None:
    assert numbered(looked(1, (0, 1_000), (0, 1_900), (0, 2_200), (0, 2_300))[0]) == [(1, 1), (2, 1), (1, 2), (2, 2)]
    assert numbered(looked(1, (0, 1_000), (400, 1_400), (600, 1_600), (700, 1_700))[0]) == [(1, 1), (2, 1), (1, 2), (2, 2)]


def test_rows_that_come_back_are_not_new() -> None:
    assert numbered(looked(1, (0, 1_000), (5_000, 6_000), (0, 1_000))[0]) == [(1, 1), (1, 2), (2, 1)]


def test_a_new_champion_begins_anew_on_new_rows_and_goes_on_counting_on_the_same() -> None:
    _, past = looked(1, (0, 1_000), (0, 1_000), (5_000, 6_000))
    same, new = (count(past, 2, hashes(range(first, first + 1_000))) for first in (0, 20_000))
    assert (same.number, same.renewed) == (3, 1)
    assert (new.number, new.renewed) == (1, 1)


def test_looks_of_an_old_ledger_which_kept_a_fingerprint_alone_still_count() -> None:
    past = [PastLook(version, champion, LookRows.of_text("ab" * 32)) for version, champion in ((2, 1), (3, 1), (4, 2))]
    assert count(past, 1, hashes(range(1_000))).number == 3
    assert count(past, 2, hashes(range(1_000))).number == 2


def test_the_share_of_rows_that_were_looked_at_before_is_told_from_a_sample_of_their_keys() -> None:
    before = LookRows.of_text(kept(hashes(range(50_000)), "", 1))
    assert len(before.sample) == 256
    assert shared(before, hashes(range(30_000, 60_000))) == pytest.approx(2 / 3, abs=0.1)
