"""The gate's rules: what a challenger must show, over numbers alone. What is not shown is said, with the numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.references import Evaluated

if TYPE_CHECKING:
    from lifecycle.usecase import Gate, UseCase


@dataclass(frozen=True)
class Difference:
    """What a challenger gains over something else on the same rows: positive is better, for scores and for errors.

    `low` and `high` are `None` where the rows can give no interval.
    """

    value: float
    low: float | None
    high: float | None
    confidence: float

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:+.4g} (no interval)"
        return f"{self.value:+.4g} [{self.low:+.4g}, {self.high:+.4g}] at {self.confidence:.4g} confidence"


@dataclass(frozen=True)
class Comparison:
    """The challenger beside the champion on the newest labelled rows that neither has seen."""

    champion: int
    rows: int
    """How many such rows there are."""
    earlier: int
    """How many other challengers were judged on these very rows before: the confidence is widened for them."""
    difference: Difference | None
    """`None` where there are too few rows, or the metric is undefined on them."""
    obstacle: str = ""
    """Why the champion could not be asked, where it could not."""
    refitted: bool = False
    """Whether both recipes were refitted in the same folds (small data), so that every row is one that neither saw."""


@dataclass(frozen=True)
class Evidence:
    """Every number that the gate looks at."""

    metric: str
    holdout: Mapping[str, float]
    rows: int
    """Of the gate's part, or of the cross-validation."""
    cross_validated: bool
    overfit: float | None
    """The gap between train and gate as a share of the gain over the constant in training."""
    constant: Difference | None
    linear: Difference | None
    slice: Mapping[str, Any] | None
    """The worst slice: `column`, `slice`, `kept`, `kept_at_best` (shares of the skill on all rows)."""
    unfair: Mapping[str, Mapping[str, Any]]
    """By sensitive column, the largest difference in true-positive rate: `between`, `value`, `low`."""
    blocked: str = ""
    """Why this version may not be promoted automatically any more."""


def decide(use_case: "UseCase", evidence: Evidence, comparison: Comparison | None) -> list[str]:
    """Why a challenger may not be promoted, the worst reason first; empty where nothing speaks against it.

    Args:
        comparison: `None` where there is no champion yet.
    """
    return [
        *_evidence(use_case.gate, evidence, comparison),
        *_minimum(use_case, evidence),
        *_baselines(use_case, evidence),
        *_stability(use_case.gate, evidence),
        *_champion(use_case, comparison),
        *_overfit(use_case.gate, evidence),
        *_slices(use_case.gate, evidence),
        *_fairness(use_case.gate, evidence),
    ]


def confidence(gate: "Gate", earlier: int) -> float:
    """The confidence of the interval against the champion when `earlier` challengers were judged on the same rows (Bonferroni)."""
    return 1 - (1 - gate.confidence) / (1 + earlier)


def overfit(use_case: "UseCase", evaluated: Evaluated) -> float | None:
    """The gap between train and gate, as a share of the gain over the constant in training; `None` where that is undefined."""
    train, held, constant = (part.get(evaluated.metric) for part in (evaluated.train, evaluated.holdout, evaluated.baseline))
    if train is None or held is None or constant is None:
        return None
    gained = use_case.kind.gain(evaluated.metric, train, constant)
    return use_case.kind.gain(evaluated.metric, train, held) / gained if gained > 0 else None


def _evidence(gate: "Gate", evidence: Evidence, comparison: Comparison | None) -> Iterator[str]:
    if evidence.blocked:
        yield f"never promoted automatically again: {evidence.blocked}"
    rows = comparison.rows if comparison else evidence.rows
    if rows < gate.rows and not (comparison.refitted if comparison else evidence.cross_validated):
        unseen = f" that neither it nor version {comparison.champion} has seen" if comparison else ""
        yield f"not enough evidence: {rows:,} rows{unseen}, {gate.rows:,} needed"


def _minimum(use_case: "UseCase", evidence: Evidence) -> Iterator[str]:
    for metric, limit in use_case.gate.minimum.items():
        found = evidence.holdout.get(metric)
        word = "least" if use_case.kind.greater_is_better(metric) else "most"
        if found is None:
            yield f"{metric} must be at {word} {limit:.4g}, and is undefined on these rows"
        elif use_case.kind.gain(metric, found, limit) < 0:
            yield f"{metric} must be at {word} {limit:.4g}, found {found:.4g}"


def _baselines(use_case: "UseCase", evidence: Evidence) -> Iterator[str]:
    nothing, plain = use_case.kind.knows_nothing, use_case.kind.plain
    if evidence.constant is None or evidence.constant.low is None:
        yield f"not shown to beat {nothing}: {evidence.metric} has no interval on these rows"
    elif evidence.constant.low <= 0:
        yield f"not shown to beat {nothing}: {evidence.metric} {evidence.constant}"
    linear = evidence.linear
    if linear and linear.high is not None and linear.high < 0:
        yield f"behind {plain}: {evidence.metric} {linear}"


def _stability(gate: "Gate", evidence: Evidence) -> Iterator[str]:
    found = evidence.holdout.get("stability")
    if found is not None and found < gate.stability:
        yield f"unstable: clusterings of resampled rows agree by {found:.2f} (adjusted Rand index), at least {gate.stability:.2f} is needed"


def _champion(use_case: "UseCase", comparison: Comparison | None) -> Iterator[str]:
    if comparison is None or (comparison.rows < use_case.gate.rows and not comparison.refitted):
        return
    found = comparison.difference
    if comparison.obstacle:
        yield f"not shown to be better than version {comparison.champion}: {comparison.obstacle}"
    elif found is None or found.low is None:
        yield f"not shown to be better than version {comparison.champion}: {use_case.metric} has no interval on {comparison.rows:,} rows"
    elif found.low <= 0:
        earlier = f", widened for {comparison.earlier} judged before on the same rows" if comparison.earlier else ""
        yield f"not shown to be better than version {comparison.champion}: {use_case.metric} {found} on {comparison.rows:,} rows{earlier}"


def _overfit(gate: "Gate", evidence: Evidence) -> Iterator[str]:
    if evidence.overfit is not None and evidence.overfit > gate.overfit:
        yield f"overfits: {evidence.overfit:.0%} of the gain in training is lost on new rows, at most {gate.overfit:.0%} may be"


def _slices(gate: "Gate", evidence: Evidence) -> Iterator[str]:
    worst = evidence.slice
    best = worst.get("kept_at_best") if worst else None
    if worst and best is not None and best < gate.slices:
        where, kept = f"{worst['column']} = {worst['slice']}", worst["kept"]
        yield f"weak on {where}: it keeps {kept:.0%} (at best {best:.0%}) of the gain over a constant, at least {gate.slices:.0%} must be kept"


def _fairness(gate: "Gate", evidence: Evidence) -> Iterator[str]:
    for column, found in evidence.unfair.items():
        low = found.get("low")
        if low is not None and low > gate.fairness:
            high_group, low_group = found["between"]
            yield (
                f"unfair by {column}: the true-positive rate of {high_group} is {found['value']:.2f} above that of {low_group} "
                f"(at least {low:.2f}), at most {gate.fairness:.2f} may be"
            )


def praise(use_case: "UseCase", evidence: Evidence, comparison: Comparison | None, alone: str = "") -> str:
    """Why a challenger that nothing speaks against is promoted; `alone`: why it was not compared with the champion there is."""
    if comparison is None:
        found = evidence.holdout.get(evidence.metric, float("nan"))
        worth = f"{evidence.metric} {found:.4g}, better than {use_case.kind.knows_nothing} by {evidence.constant}"
        return f"{worth}; judged without a champion: {alone}" if alone else f"the first champion: {worth}"
    where = "in the same folds of" if comparison.refitted else "on"
    return f"better than version {comparison.champion}: {evidence.metric} {comparison.difference} {where} {comparison.rows:,} rows"


def numbers(use_case: "UseCase", evidence: Evidence, comparison: Comparison | None) -> dict[str, Any]:
    """What the verdict rests on, flat and as plain values, for the ledger and whoever reads it."""
    found = comparison.difference if comparison else None
    rules = use_case.gate
    return {
        "metric": evidence.metric,
        evidence.metric: evidence.holdout.get(evidence.metric),
        "rows": comparison.rows if comparison else evidence.rows,
        "rows_needed": rules.rows,
        "over_champion": _plain(found),
        "confidence": found.confidence if found else rules.confidence,
        "challengers_before": comparison.earlier if comparison else 0,
        "over_constant": _plain(evidence.constant),
        "over_linear": _plain(evidence.linear),
        "overfit": evidence.overfit,
        "overfit_most": rules.overfit,
        "worst_slice": dict(evidence.slice) if evidence.slice else None,
        "worst_slice_least": rules.slices,
        "fairness": {column: {name: one.get(name) for name in ("between", "value", "low", "verdict")} for column, one in evidence.unfair.items()},
        "fairness_most": rules.fairness,
    }


def _plain(found: Difference | None) -> dict[str, Any] | None:
    return {"value": found.value, "low": found.low, "high": found.high} if found else None
