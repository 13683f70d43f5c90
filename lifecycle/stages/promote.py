"""Promote: the gate's verdict on a challenger."""

import datetime as dt
from typing import TYPE_CHECKING

from lifecycle import gate
from lifecycle.errors import Lost
from lifecycle.evaluation.changes import changes
from lifecycle.evaluation.compare import compare, difference
from lifecycle.evaluation.report import FILE, EvaluationReport
from lifecycle.evaluation.too_good import nearly_perfect
from lifecycle.gate import GateEvidence, PastLook
from lifecycle.gate.findings import GroupDifference
from lifecycle.gate.looks import LookRows
from lifecycle.history import JUDGED, Decision, Standing
from lifecycle.promotions import record, turn, verdict
from lifecycle.references import ModelVersion, Verdict
from lifecycle.store import versions

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

GATE = "the gate"


def promote(use_case: "UseCase", model_version: ModelVersion) -> Verdict:
    """Judge a challenger against the rules, the baselines and the champion; make it champion if nothing speaks against it.

    A version is judged once: asked again, the ledger answers. "Not shown to be better" is a verdict, not an error.
    With `approval='human'`, or where it is too good to be true, a version that passes waits for `approve` or `reject` of `lifecycle.decisions`.
    """
    with turn(use_case) as stands:
        if model_version.version not in stands.judged:
            stands = record(use_case, _judge(use_case, model_version, stands))
        return verdict(use_case, model_version.version, stands)


def _judge(use_case: "UseCase", challenger: ModelVersion, stands: Standing) -> Decision:
    """The ledger's row of the gate's verdict."""
    champion, alone = _champion(use_case, stands)
    evidence = _evidence(use_case, challenger, champion, stands)
    comparison, gate_rows = None, ""
    if champion:
        comparison, gate_rows = compare(use_case, challenger, champion, _past(stands))
    checks = gate.checks(use_case, evidence, comparison)
    reasons = gate.reasons(checks)
    passed, asked = not reasons, gate.questions(checks)
    waiting = passed and (use_case.approval == "human" or bool(asked))
    won = gate.praise(use_case, evidence, comparison, alone)
    reason = "; ".join([*reasons, *([f"judged without a champion: {alone}"] if alone else [])]) if reasons else won
    changed = changes(use_case, challenger, champion) if waiting and champion and not alone else ()
    reason = f"waits for approval: {'; '.join([*asked, won, *changed])}" if waiting else reason
    follows = {"waiting": waiting, "changed": changed, "reasons": tuple(reasons), "alone": alone, "checks": tuple(check.result for check in checks)}
    return Decision(
        model_version=challenger.version,
        action=JUDGED,
        promoted=passed and not waiting,
        champion=stands.champion,
        reason=reason,
        actor=GATE,
        numbers=gate.numbers(use_case, evidence, comparison).model_copy(update=follows),
        gate_rows=gate_rows,
    )


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


def _evidence(use_case: "UseCase", challenger: ModelVersion, champion: ModelVersion | None, stands: Standing) -> GateEvidence:
    """What the evaluation found, as the gate takes it."""
    found = EvaluationReport.from_json(versions.artifact(challenger, FILE))
    evaluated = challenger.evaluated
    rates = {column: compared.measures.get("true_positive_rate") for column, compared in found.fairness.items()}
    return GateEvidence(
        metric=evaluated.metric,
        holdout=evaluated.holdout,
        rows=found.judged.rows,
        cross_validated=evaluated.mode == "cross-validation",
        minority=found.judged.minority,
        days=found.judged.days,
        all_days=_all_days(found),
        plainest=evaluated.trained.recipe.candidate == use_case.candidates[0].name,
        overfit=gate.overfit(use_case, evaluated),
        constant=difference(found.gains.over_constant),
        linear=difference(found.gains.over_linear),
        last=difference(found.gains.over_last),
        season=found.season,
        deployed=difference(found.deployed.gain) if found.deployed else None,
        slice=found.slices.worst,
        unfair={column: rate.difference if rate else GroupDifference() for column, rate in rates.items()},
        too_good=None if champion and _as_good(use_case, champion) else found.too_good,
        behaviours=found.behaviours,
        blocked=_blocked(use_case, challenger, stands),
    )


def _all_days(found: EvaluationReport) -> int | None:
    """How many days the rows of all parts reach over, the first and the last included; `None` where they have no time."""
    moments = [dt.datetime.fromisoformat(moment).date() for span in found.data.spans.values() for moment in span if moment != "None"]
    return (max(moments) - min(moments)).days + 1 if moments else None


def _as_good(use_case: "UseCase", champion: ModelVersion) -> bool:
    """Whether the champion was too good to be true as well, so that somebody has let such a score through."""
    held, constant = (part.get(use_case.metric) for part in (champion.evaluated.holdout, champion.evaluated.baseline))
    return nearly_perfect(use_case, held, constant)


def _past(stands: Standing) -> list[PastLook]:
    """The comparisons with a champion so far."""
    judged = [each for each in stands.judged.values() if each.gate_rows]
    return [PastLook(each.model_version, each.champion, LookRows.of_text(each.gate_rows or "")) for each in judged]


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
