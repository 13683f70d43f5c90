"""What a person decides."""

import re
from typing import Any

import pytest

from lifecycle import decisions, history
from lifecycle.errors import LifecycleError
from lifecycle.references import ModelVersion, Parts
from lifecycle.stages.promote import promote
from lifecycle.stages.register import register
from lifecycle.store import tracking
from lifecycle.usecase import UseCase
from tests.challengers import evaluated, parts_of
from tests.toys import toy

WEAK, MIDDLE, STRONG = ("kind",), ("amount",), ("amount", "kind")


def made(name: str, **changes: Any) -> tuple[UseCase, Parts]:
    use_case = toy(name, parameters={"rows": 2_500}, **changes)
    return use_case, parts_of(use_case)


def challenger(use_case: UseCase, parts: Parts, inputs: tuple[str, ...] = STRONG, **changes: Any) -> ModelVersion:
    return register(use_case, evaluated(use_case, parts, inputs, **changes))


def champion(use_case: UseCase) -> int | None:
    found = tracking.client().get_registered_model(use_case.name).aliases.get("champion")
    return int(found) if found else None


def test_a_version_waits_for_approval_and_the_ledger_keeps_who_gave_it() -> None:
    use_case, parts = made("decide_approve", approval="human")
    version = challenger(use_case, parts)
    verdict = promote(use_case, version)
    assert (verdict.promoted, verdict.waiting) == (False, True)
    assert champion(use_case) is None
    approved = decisions.approve(use_case, actor="ana", reason="looks right")
    assert (approved.version, approved.promoted, approved.waiting) == (version.version, True, False)
    assert champion(use_case) == version.version
    last = history.ledger(use_case.name)[-1]
    assert (last.action, last.actor, last.reason) == (history.APPROVED, "ana", "looks right")
    assert promote(use_case, version).promoted
    with pytest.raises(LifecycleError, match="only a version that waits for a person can be approved or rejected, and none does"):
        decisions.approve(use_case)


def test_who_has_to_approve_is_told_what_changed_since_the_version_that_answers() -> None:
    use_case, parts = made("decide_changed", approval="human")
    first, second = (challenger(use_case, parts, inputs) for inputs in (MIDDLE, STRONG))
    promote(use_case, first)
    assert history.ledger(use_case.name)[-1].numbers.changed == ()
    decisions.approve(use_case, first.version, "ana")
    verdict = promote(use_case, second)
    assert verdict.waiting
    told = history.ledger(use_case.name)[-1].numbers.changed
    assert {each.split(":")[0] for each in told} >= {"data", "recipe", "cases that flip"}
    assert "the same" in told[0]
    assert re.search(r"[1-9]\d* of [\d,]+ that neither has seen \(.+ -> ", told[-1])
    assert all(each in verdict.reason for each in told)


def test_a_rejected_version_stays_out() -> None:
    use_case, parts = made("decide_reject", approval="human")
    version = challenger(use_case, parts)
    promote(use_case, version)
    rejected = decisions.reject(use_case, version.version, "ben", "wrong data")
    assert (rejected.promoted, rejected.waiting, rejected.reason) == (False, False, "rejected by ben: wrong data")
    assert not promote(use_case, version).promoted
    assert champion(use_case) is None
    with pytest.raises(LifecycleError, match=f"version {version.version} does not; see 'lifecycle history decide_reject'"):
        decisions.approve(use_case, version.version)


def test_evidence_against_a_champion_that_is_gone_is_stale() -> None:
    use_case, parts = made("decide_stale", approval="human")
    first, second = (challenger(use_case, parts, inputs) for inputs in (MIDDLE, STRONG))
    promote(use_case, first)
    promote(use_case, second)
    decisions.approve(use_case, first.version, "ana")
    with pytest.raises(
        LifecycleError, match=r"was compared with no champion while version 1 is champion now; train again, or run 'lifecycle promote"
    ):
        decisions.approve(use_case, second.version, "ana")


def test_a_rollback_returns_to_the_one_before_and_the_fallen_never_rises_by_itself() -> None:
    use_case, parts = made("decide_rollback")
    first, second = (challenger(use_case, parts, inputs) for inputs in (MIDDLE, STRONG))
    promote(use_case, first)
    promote(use_case, second)
    back = decisions.rollback(use_case, actor="ana", reason="alarms")
    assert (back.version, back.promoted) == (first.version, True)
    assert champion(use_case) == first.version
    fallen = promote(use_case, second)
    assert (fallen.promoted, fallen.reason) == (False, "rolled back by ana: alarms")
    again = promote(use_case, challenger(use_case, parts, STRONG))  # the same model, made again
    assert not again.promoted
    assert again.reason == f"never promoted automatically again: it is version {second.version} again, which was rolled back by ana: alarms"
    assert champion(use_case) == first.version
    assert decisions.promote_by_hand(use_case, second.version, "ana", "it was the sensor").promoted
    assert champion(use_case) == second.version


@pytest.mark.parametrize("decide", [decisions.rollback, lambda use_case: decisions.promote_by_hand(use_case, 1)], ids=["rollback", "promote"])
def test_a_decision_that_was_cut_off_behind_the_ledger_and_is_asked_for_again_is_taken_once(decide: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use_case, parts = made("decide_cut_rollback" if decide is decisions.rollback else "decide_cut_promote")
    for inputs in (WEAK, MIDDLE, STRONG):
        promote(use_case, challenger(use_case, parts, inputs))
    assert champion(use_case) == 3
    before = history.standing(history.ledger(use_case.name))
    wanted = before.previous if decide is decisions.rollback else 1
    with monkeypatch.context() as broken:
        broken.setattr(tracking.client(), "set_registered_model_alias", lambda *given, **more: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            decide(use_case)
    assert champion(use_case) == 3
    lines = len(history.ledger(use_case.name))
    assert decide(use_case).version == wanted
    assert champion(use_case) == wanted
    assert len(history.ledger(use_case.name)) == lines


def test_a_rollback_needs_a_former_champion() -> None:
    use_case, parts = made("decide_first")
    version = challenger(use_case, parts)
    with pytest.raises(LifecycleError, match="a rollback returns to a former champion, found none, so there is nothing to go back to"):
        decisions.rollback(use_case)
    promote(use_case, version)
    with pytest.raises(LifecycleError, match="found none, so version 7 is none of these"):
        decisions.rollback(use_case, 7)


def test_by_hand_any_registered_version_becomes_champion_once() -> None:
    use_case, parts = made("decide_hand")
    version = challenger(use_case, parts)
    assert decisions.promote_by_hand(use_case, version.version, "ana").reason == "promoted by hand, no reason given"
    with pytest.raises(LifecycleError, match="is champion already"):
        decisions.promote_by_hand(use_case, version.version)
    with pytest.raises(LifecycleError, match="version 9 must be a registered model version, found versions 1"):
        decisions.promote_by_hand(use_case, 9)
    with pytest.raises(LifecycleError, match=r"must not be champion, and version 1 is; run 'lifecycle rollback"):
        decisions.reject(use_case, version.version)
