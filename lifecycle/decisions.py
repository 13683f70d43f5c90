"""What is decided about models beside the gate: approve, reject, roll back, promote by hand. Whoever does leaves a name in the ledger."""

from typing import TYPE_CHECKING

from lifecycle import history
from lifecycle.errors import LifecycleError
from lifecycle.gate.numbers import VerdictNumbers
from lifecycle.history import APPROVED, BY_HAND, REJECTED, ROLLED_BACK, Decision, Standing
from lifecycle.promotions import record, turn, verdict
from lifecycle.references import Verdict
from lifecycle.store import versions

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def approve(use_case: "UseCase", version: int | None = None, actor: str = "", reason: str = "") -> Verdict:
    """Make a version that passed the gate and waits (the newest such, where none is named) the champion.

    Raises:
        LifecycleError: it does not wait, or it was compared with another version than the one that is champion now.
    """
    with turn(use_case) as stands:
        if done := _finished(use_case, stands, APPROVED, version):
            return done
        number = _waiting(use_case, stands, version)
        compared = stands.judged[number].champion
        if compared != stands.champion:
            raise LifecycleError(
                f"use case '{use_case.name}': version {number} must be better than the champion to be approved, and it was compared with "
                f"{_named(compared)} while {_named(stands.champion)} is champion now; train again, or run 'lifecycle promote {use_case.name} {number}'"
            )
        versions.version(use_case.name, number)
        return _decide(use_case, stands, number, APPROVED, actor, reason)


def reject(use_case: "UseCase", version: int | None = None, actor: str = "", reason: str = "") -> Verdict:
    """Refuse a version (the newest that waits, where none is named): the gate never promotes it after that.

    Raises:
        LifecycleError: there is no such version, or it is champion.
    """
    with turn(use_case) as stands:
        number = version if version is not None else _waiting(use_case, stands, None)
        if number == stands.champion:
            raise LifecycleError(
                f"use case '{use_case.name}': a version that is rejected must not be champion, and version {number} is; "
                f"run 'lifecycle rollback {use_case.name}'"
            )
        if number not in stands.latest:  # one that was deleted in MLflow can be rejected all the same
            versions.version(use_case.name, number)
        return _decide(use_case, stands, number, REJECTED, actor, reason, promoted=False)


def rollback(use_case: "UseCase", version: int | None = None, actor: str = "", reason: str = "") -> Verdict:
    """Return to a former champion (the one before, where none is named); those after it are never promoted by the gate again.

    Raises:
        LifecycleError: there is no former champion, or the version named is none.
        Lost: nor can the one that reigns be had.
    """
    with turn(use_case) as stands:
        if done := _finished(use_case, stands, ROLLED_BACK, version):
            return done
        former = stands.reigns[:-1]
        number = version if version is not None else stands.previous
        if not former and version is None:
            history.champion(use_case.name)  # one that is lost says what else can be done
        if number not in former:
            asked = f"version {version} is none of these" if version is not None else "there is nothing to go back to"
            there = f"versions {', '.join(map(str, former))}" if former else "none"
            raise LifecycleError(
                f"use case '{use_case.name}': a rollback returns to a former champion, found {there}, so {asked}; see 'lifecycle history {use_case.name}'"
            )
        versions.version(use_case.name, number)
        return _decide(use_case, stands, number, ROLLED_BACK, actor, reason)


def take_back(use_case: "UseCase", promotion: Decision, to: int | None, actor: str, reason: str, numbers: VerdictNumbers) -> Verdict | None:
    """Return from a champion to the one before it, as `rollback`, if both still stand as they did when that was found to be right.

    Args:
        use_case: the definition.
        promotion: the decision that made the champion champion.
        to: the one before it.
        actor, reason, numbers: for the ledger.

    Returns:
        `None` where somebody has decided otherwise meanwhile.

    Raises:
        Lost: the one before is not there any more.
    """
    fallen = promotion.model_version
    with turn(use_case) as stands:
        if to is None or (stands.champion, stands.previous) != (fallen, to) or stands.latest[fallen] != promotion:
            return None
        versions.version(use_case.name, to)
        return _decide(use_case, stands, to, ROLLED_BACK, actor, reason, numbers=numbers)


def promote_by_hand(use_case: "UseCase", version: int, actor: str = "", reason: str = "") -> Verdict:
    """Make any registered version the champion, whatever the gate said of it.

    Raises:
        LifecycleError: there is no such version, or it is champion already.
    """
    with turn(use_case) as stands:
        if done := _finished(use_case, stands, BY_HAND, version):
            return done
        versions.version(use_case.name, version)
        if version == stands.champion:
            raise LifecycleError(
                f"use case '{use_case.name}': a version can be promoted once, and version {version} is champion already; nothing is to do"
            )
        return _decide(use_case, stands, version, BY_HAND, actor, reason)


def _finished(use_case: "UseCase", stands: Standing, action: str, version: int | None) -> Verdict | None:
    """The verdict of a decision that a kill or an outage cut off behind the ledger: asked for again, it is that one, not one more."""
    last = stands.finished
    if not last or last.action != action or version not in (None, last.model_version):
        return None
    return verdict(use_case, last.model_version, stands)


def _decide(
    use_case: "UseCase",
    stands: Standing,
    version: int,
    action: str,
    actor: str,
    reason: str,
    promoted: bool = True,
    numbers: VerdictNumbers | None = None,
) -> Verdict:
    who = actor or "somebody"
    why = reason or f"{action}, no reason given"
    decision = Decision(
        model_version=version, action=action, promoted=promoted, champion=stands.champion, reason=why, actor=who, numbers=numbers or VerdictNumbers()
    )
    stands = record(use_case, decision)
    return verdict(use_case, version, stands)


def _waiting(use_case: "UseCase", stands: Standing, version: int | None) -> int:
    number = version if version is not None else max(stands.waiting, default=None)
    if number is None or number not in stands.waiting:
        asked = f"version {version} does not" if version is not None else "none does"
        there = f"waiting: {', '.join(map(str, sorted(stands.waiting)))}" if stands.waiting else f"see 'lifecycle history {use_case.name}'"
        raise LifecycleError(f"use case '{use_case.name}': only a version that waits for a person can be approved or rejected, and {asked}; {there}")
    return number


def _named(version: int | None) -> str:
    return f"version {version}" if version is not None else "no champion"
