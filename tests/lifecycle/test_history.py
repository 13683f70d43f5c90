"""The ledger read back."""

from typing import Any

from lifecycle.gate import VerdictNumbers
from lifecycle.history import APPROVED, BY_HAND, JUDGED, REJECTED, ROLLED_BACK, Decision, history, ledger, standing


def row(version: int, action: str = JUDGED, promoted: bool = False, **more: Any) -> Decision:
    return Decision(model_version=version, action=action, promoted=promoted, reason="why", actor="ana", **more)


WAITS: dict[str, Any] = {"numbers": VerdictNumbers(waiting=True)}


def test_an_empty_ledger_has_no_champion() -> None:
    stands = standing([])
    assert (stands.champion, stands.previous, stands.challenger) == (None, None, None)


def test_the_newest_promoted_is_champion_and_the_newest_judged_is_challenger() -> None:
    stands = standing([row(1, promoted=True), row(2), row(3, promoted=True), row(4)])
    assert (stands.champion, stands.previous, stands.challenger) == (3, 1, 4)


def test_a_rollback_returns_and_blocks_what_came_after() -> None:
    rows = [row(1, promoted=True), row(2, promoted=True), row(3, promoted=True), row(1, ROLLED_BACK, True)]
    stands = standing(rows)
    assert (stands.champion, stands.previous) == (1, None)
    assert stands.blocked == {2: "rolled back by ana: why", 3: "rolled back by ana: why"}


def test_one_who_was_rolled_back_can_come_back_by_hand() -> None:
    stands = standing([row(1, promoted=True), row(2, promoted=True), row(1, ROLLED_BACK, True), row(2, BY_HAND, True)])
    assert (stands.champion, stands.previous, stands.blocked) == (2, 1, {})


def test_a_former_champion_promoted_again_stands_once_in_the_line() -> None:
    stands = standing([row(1, promoted=True), row(2, promoted=True), row(1, BY_HAND, True)])
    assert stands.reigns == [2, 1]


def test_a_version_waits_until_a_person_decides() -> None:
    assert standing([row(1, **WAITS)]).waiting == {1}
    approved = standing([row(1, **WAITS), row(1, APPROVED, True)])
    assert (approved.waiting, approved.champion) == (set(), 1)
    rejected = standing([row(1, **WAITS), row(1, REJECTED)])
    assert (rejected.waiting, rejected.champion, list(rejected.blocked)) == (set(), None, [1])


def test_a_use_case_that_nobody_ran_has_an_empty_history() -> None:
    assert history("nobody_ran_this").is_empty()
    assert ledger("nobody_ran_this") == []
