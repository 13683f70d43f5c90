"""Promote: the gate's verdict on a challenger, and the one way by which a version becomes champion.

A decision is first written to the ledger, then the standings and MLflow's aliases are set from the ledger. Whatever is killed
in between, the next decision sets them: the ledger is the truth, and aliases that other hands moved are moved back.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lifecycle import gate
from lifecycle.errors import Lost
from lifecycle.evaluation.compare import compare
from lifecycle.gate import Difference, GateEvidence
from lifecycle.history import JUDGED, Standing, ledger, standing
from lifecycle.references import ModelVersion, Verdict
from lifecycle.store import standings, tables, tracking, versions
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    import duckdb

    from lifecycle.usecase import UseCase

GATE = "the gate"


def promote(use_case: "UseCase", model_version: ModelVersion) -> Verdict:
    """Judge a challenger against the rules, the baselines and the champion; make it champion if nothing speaks against it.

    A version is judged once: asked again, the ledger answers. "Not shown to be better" is a verdict, not an error.
    With `approval='human'` a version that passes waits for `approve` or `reject` of `lifecycle.decisions`.
    """
    with turn(use_case) as stands:
        if model_version.version not in stands.judged:
            stands = record(use_case, **_judge(use_case, model_version, stands))
        return verdict(use_case, model_version.version, stands)


@contextmanager
def turn(use_case: "UseCase") -> Iterator[Standing]:
    """One decision at a time about a use case, over all processes; first what a killed one left undone is done."""
    store = lake()
    tables.prepare(store, use_case.name)
    with store.lock(standings.deciding(use_case.name)):
        found = ledger(use_case.name)
        stands = standing(found)
        if align(use_case.name, stands):
            stands.finished = found[-1]
        yield stands


def record(
    use_case: "UseCase", version: int, action: str, promoted: bool, champion: int | None, reason: str, actor: str,
    numbers: dict[str, Any] | None = None, gate_rows: str = "",
) -> Standing:  # fmt: skip
    """Write a decision to the ledger, then set the standings and the aliases by it. Returns where the versions stand after it."""
    kept = versions.kept(use_case.name, version)
    hashes = json.dumps(kept.hashes) if kept else ""

    def insert(transaction: "duckdb.DuckDBPyConnection") -> None:  # never before the row above it, whatever the clock says
        transaction.execute(
            f"""INSERT INTO {use_case.name}.promotions
            (model_version, action, promoted, champion, reason, numbers, gate_rows, actor, hashes, decided_at)
            SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, greatest(now(), max(decided_at) + INTERVAL 1 microsecond) FROM {use_case.name}.promotions""",
            [version, action, promoted, champion, reason, json.dumps(numbers or {}), gate_rows, actor, hashes],
        )

    standings.mark(use_case.name)
    lake().write(insert)
    stands = standing(ledger(use_case.name))
    align(use_case.name, stands)
    return stands


def align(use_case: str, stands: Standing) -> bool:
    """Set MLflow's aliases `champion`, `previous` and `challenger`, then the standings, to what the ledger says, where they differ.

    Returns:
        Whether another champion stood there, unsettled: who decided last was killed, or cut off, behind the ledger.
    """
    before = standings.known(use_case)
    _set_aliases(use_case, stands)
    standings.settle(use_case, stands.champion, stands.previous, stands.challenger)
    return before is not None and not before.settled and before.champion != stands.champion


def _set_aliases(use_case: str, stands: Standing) -> None:
    if not stands.latest:
        return
    from mlflow.exceptions import MlflowException

    client = tracking.client()
    try:
        there = client.get_registered_model(use_case).aliases
    except MlflowException as error:  # somebody deleted or renamed the whole model: there is nothing to set
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return
    for alias in ("previous", "challenger", "champion"):
        wanted = getattr(stands, alias)
        if wanted is None and alias in there:
            client.delete_registered_model_alias(use_case, alias)
        elif wanted is not None and str(there.get(alias)) != str(wanted):
            try:
                client.set_registered_model_alias(use_case, alias, str(wanted))
            except MlflowException as error:  # a version that somebody deleted can have no alias: whoever asks for it is told
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise


def verdict(use_case: "UseCase", version: int, stands: Standing) -> Verdict:
    """What the ledger says of a version."""
    row = stands.latest[version]
    judged = stands.judged.get(version, row)
    blocked = stands.blocked.get(version)
    waiting = version in stands.waiting
    promoted = bool(row["promoted"]) and not blocked
    return Verdict(
        use_case=use_case.name,
        key=f"{use_case.name}/{version}/{row['action']}/{promoted}/{waiting}",
        version=version,
        promoted=promoted,
        waiting=waiting,
        reason=blocked or row["reason"],
        champion=judged["champion"],
        numbers=judged["numbers"],
    )


def _judge(use_case: "UseCase", challenger: ModelVersion, stands: Standing) -> dict[str, Any]:
    """The ledger's row of the gate's verdict."""
    evidence = _evidence(use_case, challenger, stands)
    champion, alone = _champion(use_case, stands)
    comparison, gate_rows = None, ""
    if champion:
        comparison, gate_rows = compare(use_case, challenger, champion, _earlier(stands))
    checks = gate.checks(use_case, evidence, comparison)
    reasons = [check.reason for check in checks if not check.passed]
    passed = not reasons
    waiting = passed and use_case.approval == "human"
    won = gate.praise(use_case, evidence, comparison, alone)
    reason = "; ".join([*reasons, *([f"judged without a champion: {alone}"] if alone else [])]) if reasons else won
    reason = f"waits for approval: {won}" if waiting else reason
    return {
        "version": challenger.version, "action": JUDGED, "promoted": passed and not waiting, "champion": stands.champion, "reason": reason,
        "actor": GATE, "numbers": {**gate.numbers(use_case, evidence, comparison), "waiting": waiting, "reasons": reasons, "alone": alone, "checks": [check.row for check in checks]}, "gate_rows": gate_rows,
    }  # fmt: skip


def _champion(use_case: "UseCase", stands: Standing) -> tuple[ModelVersion | None, str]:
    """The version to be compared with, if it can be asked; else, where there is one, why it cannot: the use case goes on without it."""
    if stands.champion is None:
        return None, ""
    try:
        found = versions.version(use_case.name, stands.champion)
        versions.verify(found)
    except Lost as lost:
        return None, str(lost)
    return found, ""


def _evidence(use_case: "UseCase", challenger: ModelVersion, stands: Standing) -> GateEvidence:
    """What the evaluation found, as the gate takes it."""
    found = json.loads(versions.artifact(challenger, "evaluation.json"))
    evaluated = challenger.evaluated
    rates = {column: measures.get("true_positive_rate", {}).get("difference", {}) for column, measures in found["fairness"].items()}
    return GateEvidence(
        metric=evaluated.metric,
        holdout=evaluated.holdout,
        rows=found["judged"]["rows"],
        cross_validated=evaluated.mode == "cross-validation",
        overfit=gate.overfit(use_case, evaluated),
        constant=_difference(found["gains"]["over_constant"]),
        linear=_difference(found["gains"]["over_linear"]),
        slice=found["slices"]["worst"],
        unfair=rates,
        blocked=_blocked(use_case, challenger, stands),
    )


def _difference(gain: dict[str, Any] | None) -> Difference | None:
    return Difference(gain["value"], gain["low"], gain["high"], gain["confidence"]) if gain else None


def _earlier(stands: Standing) -> Counter[str]:
    """How many versions were compared with a champion on each set of rows."""
    return Counter(row["gate_rows"] for row in stands.judged.values() if row["gate_rows"])


def _blocked(use_case: "UseCase", challenger: ModelVersion, stands: Standing) -> str:
    """Why a version is not promoted automatically: it was rolled back or rejected, or it is one that was, made again."""
    if challenger.version in stands.blocked:
        return stands.blocked[challenger.version]
    for number, why in stands.blocked.items():
        other = versions.kept(use_case.name, number)
        if other and _same(other, challenger):
            return f"it is version {number} again, which was {why}"
    return ""


def _same(one: ModelVersion, other: ModelVersion) -> bool:
    """Whether two versions are one recipe fitted on the same rows with the same result."""
    sides = [version.evaluated for version in (one, other)]
    facts = [(side.trained.recipe, side.trained.parts.features.snapshot.fingerprint, side.holdout) for side in sides]
    return facts[0] == facts[1]
