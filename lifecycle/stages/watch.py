"""Watch: what follows an alarm by the definition's policy, and whether a new champion does as well as the one before it."""

from typing import TYPE_CHECKING

from lifecycle import decisions
from lifecycle.errors import LifecycleError
from lifecycle.gate.numbers import Gain, VerdictNumbers
from lifecycle.history import ROLLED_BACK, WATCH, Standing, ledger, taken_back
from lifecycle.monitoring import succession
from lifecycle.monitoring.succession import Succession
from lifecycle.promotions import settled
from lifecycle.references import DriftReport, Features, Watched
from lifecycle.store import versions

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def watch(use_case: "UseCase", report: DriftReport, features: Features) -> Watched:
    """Do what `monitoring.follows` says of an alarm, and look after a champion that was promoted.

    On the first `monitoring.probation` windows of rows labelled since its promotion the champion is compared with the one before it, both
    asked about the same rows (`lifecycle.monitoring.succession`). Shown to be worse, it is rolled back, and the gate does not promote it
    again; so it is under `follows="rollback"` where an alarm says that its live performance broke the promise, unless the one before is shown to
    do worse still. One that was returned to is not watched; and one that a person has promoted again after the watch took it back is left to the
    person: that it does worse is said.

    Args:
        use_case: the definition.
        report: what `monitor` has found of the champion.
        features: the feature table of now.
    """
    stands = settled(use_case)
    if stands.champion is None or stands.champion != report.version:  # somebody decided since the report
        return Watched(use_case=use_case.name, version=stands.champion or 0)
    beside = _compared(use_case, stands, features)
    found = _told(use_case, stands, report, beside)
    why = _reason(use_case, stands, report, beside)
    if not why:
        return found
    if taken_back(ledger(use_case.name), report.version):
        told = f"{why}; a person made it champion again, so a person decides: 'lifecycle rollback {use_case.name}'"
        return found.model_copy(update={"reason": told})
    numbers = (
        VerdictNumbers(metric=beside.metric, rows=beside.rows, over_previous=found.gain, confidence=found.confidence) if beside else VerdictNumbers()
    )
    back = decisions.take_back(use_case, stands.latest[report.version], found.previous, WATCH, why, numbers)
    if back is None:
        return found.model_copy(update={"reason": f"{why}; somebody decided otherwise meanwhile, which holds"})
    return found.model_copy(update={"rolled_back": True, "reason": f"version {back.version} is champion again: {why}"})


def _compared(use_case: "UseCase", stands: Standing, features: Features) -> Succession | None:
    """The champion beside the one before, with what the last look found where there is no new window; `None` where nobody is to be compared with."""
    if not use_case.target or not use_case.monitoring.probation or stands.previous is None or stands.champion is None:
        return None
    promotion = stands.latest[stands.champion]
    if promotion.action == ROLLED_BACK or promotion.decided_at is None:
        return None
    pair = (stands.champion, stands.previous)
    last = succession.looked(use_case, *pair)
    if last is not None and last.windows >= use_case.monitoring.probation:
        return last
    try:
        champion, previous = (versions.version(use_case.name, number) for number in pair)
        found = succession.compare(use_case, champion, previous, features, promotion.decided_at, last.windows if last else 0)
    except LifecycleError as lost:  # one that cannot be asked can be no measure; that it is lost is said where it is needed
        return Succession(use_case.metric, 0, 0, obstacle=str(lost))
    if found.gain is None:
        return found if found.obstacle or last is None else last
    succession.keep(use_case, *pair, found)
    return found


def _told(use_case: "UseCase", stands: Standing, report: DriftReport, beside: Succession | None) -> Watched:
    """What is known, with what is said where nothing is to be done by us."""
    gain = beside.gain if beside else None
    return Watched(
        use_case=use_case.name,
        version=report.version,
        previous=stands.previous,
        reason="; ".join(part for part in (_after_alarm(use_case, report), _standing_of(use_case, stands, beside)) if part),
        windows=beside.windows if beside else 0,
        rows=beside.rows if beside else 0,
        gain=Gain(value=gain.value, low=gain.low, high=gain.high) if gain else None,
        confidence=gain.confidence if gain else None,
    )


def _after_alarm(use_case: "UseCase", report: DriftReport) -> str:
    """What follows the alarm of this report."""
    if not report.drifted:
        return ""
    policy = use_case.monitoring.policy
    more = f": a Prefect server with the deployment 'train' starts it; without one run 'lifecycle train {use_case.name}'" if policy.trains else ""
    return f"{policy.says}{more} (follows='{policy.name}')"


def _standing_of(use_case: "UseCase", stands: Standing, beside: Succession | None) -> str:
    """How a champion on probation does."""
    if beside is None:
        return ""
    pair = f"version {stands.champion} beside version {stands.previous} before it"
    if beside.obstacle:
        return f"{pair}: not compared, {beside.obstacle}"
    if beside.gain is None:
        why = f"on which {beside.metric} is not defined" if beside.windows else "no whole window yet"
        return f"{pair}: {beside.rows:,} rows labelled since its promotion, {why}"
    word = "worse" if beside.worse else "better" if beside.better else "not shown to be worse"
    return f"{pair}: {word}, {_numbers(beside)} ({beside.windows} of {use_case.monitoring.probation} windows)"


def _numbers(beside: Succession) -> str:
    gain = beside.gain
    assert gain
    around = f" [{gain.low:+.4f}, {gain.high:+.4f}]" if gain.low is not None and gain.high is not None else ""
    return f"{beside.metric} {gain.value:+.4f}{around} on {beside.rows:,} rows labelled since its promotion"


def _reason(use_case: "UseCase", stands: Standing, report: DriftReport, beside: Succession | None) -> str:
    """Why the champion before is to be champion again; empty where it is not."""
    policy, live = use_case.monitoring.policy, report.performance
    if stands.previous is None or stands.latest[report.version].action == ROLLED_BACK:
        return ""
    if policy.watches and beside is not None and beside.worse:
        return f"version {report.version} does worse than version {stands.previous} before it: {_numbers(beside)}"
    if policy.returns and report.drifted and live is not None and live.drifted and not (beside and beside.better):
        return f"live {live.metric} of version {report.version} is {live.live:.4f} on {live.rows:,} rows, {live.promised:.4f} was promised"
    return ""
