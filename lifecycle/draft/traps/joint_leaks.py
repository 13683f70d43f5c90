"""Columns that give the target together: its parts, the two whose difference it is, a product, a copy with noise on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle.draft.columns import ColumnProfile
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.traps import trap, worth
from lifecycle.draft.traps.labelled import Labelled
from lifecycle.draft.traps.leaks import PERFECT, STRONG, Alone
from lifecycle.draft.traps.score import told

SEEN = 3_000
"""Rows by which sums are tried."""
GLANCE, GLANCE_BINS, GLANCED, MOST_PROVEN = 1_000, 50, 0.85, 8
"""Rows and ranges by which pairs are tried, the share of the variance that makes one likely, and how many of these are looked at closely."""
MOST_COLUMNS = 60
MOST_TOGETHER = 40
UNIT, SIMPLE, ANY = 0.97, 0.99, 0.9995
"""The R2 from which a sum of parts as they are gives a number, one with a factor that all share, and one with any factors."""
ALIKE = 0.04
"""How much the factors of a simple sum may differ."""
PAIR = 0.997
"""The R2 or ROC AUC from which what is made of two columns gives the target,"""
TIMES = 8.0
"""where it leaves so many times less than either of them."""
VALUES = 6
"""Values that a column must have: two categories that count together alone are an honest interaction."""
BINS = 200
MOST_FOUND = 3


@dataclass(frozen=True)
class Joint:
    """Columns that give the target together.

    Attributes:
        columns: which.
        how: as a formula.
        score: R2 or ROC AUC of what is made of them.
    """

    columns: tuple[ColumnProfile, ...]
    how: str
    score: float


def find(labelled: Labelled, scores: Sequence[Alone]) -> Iterator[DraftWarning]:
    """Leave out the columns that give the target together, where none of them does so alone."""
    for _ in range(MOST_FOUND):
        found = _first(labelled, [each for each in scores if each.column.feature])
        if found is None:
            return
        metric, names = labelled.question.kind.alone, ", ".join(column.name for column in found.columns)
        adds = worth.Worth(labelled, found.columns).adds(*found.columns)
        yield trap.left_out(
            "joint-leak",
            found.columns,
            "together with others it gives the target",
            f"leakage: {names} give {labelled.target.came} together: {found.how} ({metric} {found.score:.4f}, none of them alone more than"
            f" {max(each.score for each in scores if each.column in found.columns):.2f}); they are left out{adds}",
            "they are known when a prediction is needed",
        )


def _first(labelled: Labelled, scores: Sequence[Alone]) -> Joint | None:
    numbers = [each for each in scores if (each.column.number or each.column.type == "bool") and each.left > PERFECT][:MOST_COLUMNS]
    if len(numbers) < 2:
        return None
    columns, values = [each.column for each in numbers], labelled.numbers([each.column for each in numbers])
    if not labelled.classes:
        truth = labelled.truth[:, 0]
        found = _sum(columns, values, truth) or _product(columns, values, truth)
        if found:
            return found
    return _pair(labelled, numbers, values) or (_classes(labelled, columns, values) if labelled.classes else None)


def _sum(columns: Sequence[ColumnProfile], values: np.ndarray, truth: np.ndarray) -> Joint | None:
    """A sum of a few columns, with factors."""
    chosen, factors, score = _regression(values, truth)
    if len(chosen) < 2:
        return None
    simple = np.ptp(np.abs(factors)) <= ALIKE * np.abs(factors).max()
    unit = np.abs(np.abs(factors) - 1).max() <= ALIKE
    if score < (UNIT if unit else SIMPLE if simple else ANY):
        return None
    signs = [f"{'-' if factor < 0 else '+'} {columns[place].name}" for place, factor in zip(chosen, factors, strict=True)]
    if not simple and not unit:
        signs = [f"{'-' if factor < 0 else '+'} {abs(factor):.4g} {columns[place].name}" for place, factor in zip(chosen, factors, strict=True)]
    return Joint(tuple(columns[place] for place in chosen), " ".join(signs).removeprefix("+ "), score)


def _product(columns: Sequence[ColumnProfile], values: np.ndarray, truth: np.ndarray) -> Joint | None:
    """A product of powers of a few columns: a sum of their logarithms, each once, twice or divided by."""
    usable = [place for place in range(len(columns)) if (values[:, place] > 0).mean() > 0.7]
    positive = (truth > 0) & (values[:, usable] > 0).all(axis=1)
    if len(usable) < 2 or positive.sum() < 0.5 * len(truth):
        return None
    logs = [np.log(values[positive][:, place]) for place in usable]
    named = [(place, False) for place in usable]
    for place in usable:
        if values[:, place].min() > 0 and values[:, place].max() < 1:  # a discount: what is left of the price
            logs.append(np.log1p(-values[positive][:, place]))
            named.append((place, True))
    chosen, powers, score = _regression(np.column_stack(logs), np.log(truth[positive]))
    whole = np.round(powers)
    if len(chosen) < 2 or score < SIMPLE or np.abs(powers - whole).max() > ALIKE or (whole == 0).any() or np.abs(whole).max() > 2:
        return None
    parts = []
    for power, (place, rest) in sorted(zip(whole, (named[place] for place in chosen), strict=True), key=lambda pair: -pair[0]):
        name = f"(1 - {columns[place].name})" if rest else columns[place].name
        parts += [f"{'/' if power < 0 else '*'} {name}{'^2' if abs(power) == 2 else ''}"]
    return Joint(tuple(columns[place] for place in dict.fromkeys(named[each][0] for each in chosen)), " ".join(parts).removeprefix("* "), score)


def _regression(values: np.ndarray, truth: np.ndarray) -> tuple[list[int], np.ndarray, float]:
    """The few columns whose linear regression gives the target, the one that helps most after the other; their factors, the R2."""
    few = np.isfinite(values).mean(axis=0) >= 0.5
    known = np.isfinite(values[:, few]).all(axis=1) & np.isfinite(truth)
    places = np.flatnonzero(few)
    if known.sum() < 60 or not len(places):
        return [], np.empty(0), 0.0
    x, y = values[known][:, few][:SEEN], truth[known][:SEEN]
    x, y = x - x.mean(axis=0), y - y.mean()
    spread = x.std(axis=0)
    x, spread = x / np.where(spread > 0, spread, 1), np.where(spread > 0, spread, 1)
    if not y.std() or _fit(x, y)[1] < UNIT:
        return [], np.empty(0), 0.0
    chosen: list[int] = []
    factors, score, rest = np.empty(0), 0.0, y
    while len(chosen) < min(MOST_TOGETHER, x.shape[1]) and score < 1 - 1e-9:
        gain = np.abs(rest @ x)
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        factors, better = _fit(x[:, chosen], y)
        if score >= UNIT and 1 - better > 0.75 * (1 - score):
            chosen.pop()
            factors, _ = _fit(x[:, chosen], y)
            break
        score, rest = better, y - x[:, chosen] @ factors
    weighty = np.abs(factors) >= 0.02 * np.abs(factors).max()
    chosen = [place for place, much in zip(chosen, weighty, strict=True) if much]
    factors, score = _fit(x[:, chosen], y)
    return [int(places[place]) for place in chosen], factors / spread[chosen], score


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    factors = np.linalg.lstsq(x, y, rcond=None)[0]
    return factors, float(1 - ((y - x @ factors) ** 2).sum() / (y**2).sum())


def _pair(labelled: Labelled, numbers: Sequence[Alone], values: np.ndarray) -> Joint | None:
    """A difference, sum, ratio or product of two columns, whose ranges give the target."""
    able = [place for place, each in enumerate(numbers) if each.column.distinct >= VALUES and not (labelled.classes and each.left <= STRONG)]
    seen, truth = values[:GLANCE], labelled.truth[:GLANCE]
    likely: list[tuple[float, int, int, str]] = []
    for at, first in enumerate(able):
        others = np.array(able[at + 1 :], dtype=np.int64)
        for how, made in _made(seen[:, [first]], seen[:, others]).items() if len(others) else ():
            shares = _explained(made, truth)
            if not labelled.classes:
                shares = np.maximum(shares, [_straight(values, truth[:, 0]) for values in made.T])
            likely += [(shares[place], first, int(others[place]), how) for place in np.flatnonzero(shares >= GLANCED)]
    best: Joint | None = None
    for _, first, second, how in sorted(likely, reverse=True)[:MOST_PROVEN]:
        left = min(numbers[first].left, numbers[second].left)
        made = _made(values[:, first], values[:, second])[how]
        proof = max(_ranges(labelled, made), 0.0 if labelled.classes else _straight(made, labelled.truth[:, 0]))
        if proof >= PAIR and (1 - proof) * TIMES <= left and (best is None or proof > best.score):
            named = how.format(numbers[first].column.name, numbers[second].column.name)
            best = Joint((numbers[first].column, numbers[second].column), f"{named} tells it", proof)
    return best


def _explained(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The share of the target's variance that lies between ranges of each made column, of shape (n, columns)."""
    size = max(len(made) // GLANCE_BINS, 2)
    rows = len(made) // size * size
    order = np.argsort(made, axis=0)[:rows]
    best = np.zeros(made.shape[1])
    for output in truth.T:
        blocks = output[order].reshape(-1, size, made.shape[1])
        between = blocks.mean(axis=1).var(axis=0)
        best = np.maximum(best, between / max(output.var(), 1e-12))
    return best


def _straight(made: np.ndarray, truth: np.ndarray) -> float:
    """R2 of a straight line."""
    known = np.isfinite(made)
    if known.mean() < 0.5 or not made[known].std():
        return 0.0
    return float(np.corrcoef(made[known], truth[known])[0, 1] ** 2)


def _made(first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return {"{} - {}": first - second, "{} + {}": first + second, "{} / {}": first / second, "{} * {}": first * second}


def _ranges(labelled: Labelled, made: np.ndarray) -> float:
    """How well the ranges of a made column tell the target."""
    truth, folds = labelled.truth[: len(made)], labelled.folds[: len(made)]
    known = made[np.isfinite(made)]
    if len(known) < 0.5 * len(made):
        return 0.0
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    edges = np.unique(np.append(edges, [0.0, 1.0, np.nextafter(0.0, 1.0), np.nextafter(1.0, 2.0)]))
    return told(np.where(np.isfinite(made), np.searchsorted(edges, made, side="right") + 1, 0), truth, folds)


def _classes(labelled: Labelled, columns: Sequence[ColumnProfile], values: np.ndarray) -> Joint | None:
    """A sum of three columns or more whose ranges give the class: the points of an examination."""
    able = [place for place, column in enumerate(columns) if column.distinct >= VALUES]
    if len(able) < 3:
        return None
    some = values[:SEEN][:, able]
    known = np.isfinite(some).all(axis=1)
    for output in range(labelled.truth.shape[1] if known.sum() >= 200 else 0):
        x, y = some[known], labelled.truth[:SEEN][known, output]
        spread = np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
        if not y.std():
            continue
        factors, _ = _fit((x - x.mean(axis=0)) / spread, y - y.mean())
        weighty = np.flatnonzero(np.abs(factors) >= 0.25 * np.abs(factors).max())
        raw = (factors / spread)[weighty]
        if len(weighty) < 3 or np.ptp(np.abs(raw)) > 0.25 * np.abs(raw).max():
            continue
        score = _ranges(labelled, values[:, [able[place] for place in weighty]] @ np.sign(raw))
        if score >= PAIR:
            chosen = [columns[able[place]] for place in weighty]
            how = " ".join(f"{'-' if factor < 0 else '+'} {column.name}" for factor, column in zip(raw, chosen, strict=True))
            return Joint(tuple(chosen), f"{how.removeprefix('+ ')} tells it", score)
    return None
