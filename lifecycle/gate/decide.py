"""What the rules of the gate say of a challenger together."""

from functools import cache
from typing import TYPE_CHECKING

from lifecycle import variants
from lifecycle.gate.evidence import Comparison, Difference, GateEvidence
from lifecycle.gate.findings import GroupDifference
from lifecycle.gate.numbers import Gain, VerdictNumbers
from lifecycle.gate.rule import Check, Rule

if TYPE_CHECKING:
    from lifecycle.references import Evaluated
    from lifecycle.usecase import UseCase

FOLDER = "lifecycle.gate.rules"
REACHES = ("lifecycle.gate.rules",)  # rules are found in the folder: no code names them


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of the folder and of other packages, in their order."""
    return tuple(sorted(variants.found(FOLDER, "rule", Rule), key=lambda rule: rule.place))


def checks(use_case: "UseCase", evidence: GateEvidence, comparison: Comparison | None) -> list[Check]:
    """What all rules looked at, those of the definition last.

    Args:
        use_case: the definition.
        evidence: of the challenger.
        comparison: `None` where there is no champion yet.
    """
    return [check for rule in (*rules(), *use_case.gate.rules) for check in rule.checks(use_case, evidence, comparison)]


def decide(use_case: "UseCase", evidence: GateEvidence, comparison: Comparison | None) -> list[str]:
    """Why a challenger may not be promoted, the worst reason first; empty where nothing speaks against it."""
    return reasons(checks(use_case, evidence, comparison))


def reasons(looked_at: list[Check]) -> list[str]:
    """What speaks against a challenger of what the rules looked at, a clause each."""
    return [check.reason for check in looked_at if check.reason]


def questions(looked_at: list[Check]) -> list[str]:
    """Why a person has to decide of a challenger that nothing speaks against, a clause each."""
    return [check.asks for check in looked_at if check.asks]


def overfit(use_case: "UseCase", evaluated: "Evaluated") -> float | None:
    """The gap between train and gate, as a share of the gain over the constant in training; `None` where that is undefined."""
    train, held, constant = (part.get(evaluated.metric) for part in (evaluated.train, evaluated.holdout, evaluated.baseline))
    if train is None or held is None or constant is None or not use_case.kind.gap_tells:
        return None
    gained = use_case.kind.gain(evaluated.metric, train, constant)
    return use_case.kind.gain(evaluated.metric, train, held) / gained if gained > 0 else None


def praise(use_case: "UseCase", evidence: GateEvidence, comparison: Comparison | None, alone: str = "") -> str:
    """Why a challenger that nothing speaks against is promoted; `alone`: why it was not compared with the champion there is."""
    if comparison is None:
        found = evidence.holdout.get(evidence.metric, float("nan"))
        worth = f"{evidence.metric} {found:.4g}, better than {use_case.knows_nothing} by {evidence.constant}"
        return f"{worth}; judged without a champion: {alone}" if alone else f"the first champion: {worth}"
    where = "in the same folds of" if comparison.refitted else "on"
    found = f"{evidence.metric} {comparison.difference} {where} {comparison.rows:,} rows, {comparison.look}"
    return f"better than version {comparison.champion}: {found}{seen(use_case, comparison)}"


def visible(use_case: "UseCase", comparison: Comparison | None) -> float | None:
    """The smallest gain over the champion that this look would show in four of five cases; `None` where it cannot be told."""
    found = comparison.difference.visible if comparison and comparison.difference else None
    return found + use_case.gate.min_gain if found else None


def seen(use_case: "UseCase", comparison: Comparison) -> str:
    """The same as the end of a sentence."""
    least = visible(use_case, comparison)
    return f"; a gain of {least:.3g} would have been shown in four of five cases" if least else ""


def numbers(use_case: "UseCase", evidence: GateEvidence, comparison: Comparison | None) -> VerdictNumbers:
    """What the verdict rests on, for the ledger and whoever reads it; not yet what follows from it."""
    found = comparison.difference if comparison else None
    allowed = use_case.gate
    return VerdictNumbers(
        metric=evidence.metric,
        value=evidence.holdout.get(evidence.metric),
        rows=comparison.rows if comparison else evidence.rows,
        rows_needed=allowed.rows,
        over_champion=_gain(found),
        confidence=found.confidence if found else allowed.confidence,
        challengers_before=comparison.look.number - 1 if comparison else 0,
        look=comparison.look.number if comparison else None,
        rows_renewed=comparison.look.renewed if comparison else None,
        visible_gain=visible(use_case, comparison),
        min_gain=allowed.min_gain,
        minority=comparison.minority if comparison else evidence.minority,
        minority_needed=allowed.positives,
        over_constant=_gain(evidence.constant),
        over_linear=_gain(evidence.linear),
        over_last=_gain(evidence.last),
        overfit=evidence.overfit,
        overfit_most=allowed.overfit,
        worst_slice=evidence.slice,
        worst_slice_least=allowed.slices,
        fairness={column: _shown(one) for column, one in evidence.unfair.items()},
        fairness_most=allowed.fairness,
    )


def _gain(found: Difference | None) -> Gain | None:
    return Gain(value=found.value, low=found.low, high=found.high) if found else None


def _shown(found: GroupDifference) -> GroupDifference:
    return GroupDifference(between=found.between, value=found.value, low=found.low, verdict=found.verdict)
