"""How well each column tells the target all by itself, and what is left out because it tells it too well."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.draft import vocabulary
from lifecycle.draft.columns import ColumnProfile
from lifecycle.draft.draft_warning import DraftWarning
from lifecycle.draft.names import words
from lifecycle.draft.traps import late_moments, trap, worth
from lifecycle.draft.traps.labelled import Labelled
from lifecycle.draft.traps.score import told

BINS = 60
PERFECT, STRONG = 0.002, 0.1
"""What a column leaves to explain, up to which it determines the target, or is left out where it is far ahead, else warned of."""
COPIED = 1e-4
"""What is left by a column that its name calls earlier, up to which it determines the target all the same."""
AHEAD, AHEAD_PLAINLY, FAR, APART = 3.0, 2.0, 1.7, 3.0
"""So many times as much must the next column leave for it to be left out, or where a flag or a gap tells so much, to be warned of, or to be one of a
few that are."""
FLAG = 4
"""Values up to which a column is a flag: what is measured may honestly tell much, a flag hardly ever."""
AHEAD_OF_NUMBERS = {0.02: 3.0, 0.05: 6.0, STRONG: 8.0}
"""The same of a number, by what is left: a distance may honestly tell most of a fare."""
MAX_SUSPECTS = 3
USEFUL = 0.42
"""What a column leaves that is worth something: without one beside it, a strong column may be all that there is to know."""
USEFUL_OF_NUMBERS = 0.9
ONE_SIDED, COVERED, AT_LEAST = 0.99, 0.5, 60
"""The share of one class among rows that have a value (or have none), the share of that class among them, and how many these must be."""
NAMED, NAMED_OF_NUMBERS = 0.7, 0.5
"""The score from which a column is strong that by its name is known too late."""
WEAK = 0.68
"""The score from which such a column is warned of where it is not left out."""


@dataclass(frozen=True)
class Alone:
    """What one column says of the target, judged on rows it was not learned from.

    Attributes:
        column: which.
        score: ROC AUC (of several classes the mean), or R2.
        missing: whether it is enough to know where its values are missing.
        one_sided: the share of one class among the rows that have a value, or among those that have none, where it is nearly all.
    """

    column: ColumnProfile
    score: float
    missing: bool = False
    one_sided: float = 0.0

    @property
    def left(self) -> float:
        """What it does not tell."""
        return max(1 - self.score, 1e-9)

    @property
    def by(self) -> str:
        """What of it tells."""
        return "where it is missing" if self.missing else "its values"


def alone(labelled: Labelled) -> list[Alone]:
    """The score of every column that a model would see, the best first."""
    return sorted((_best(column, labelled) for column in labelled.inputs), key=lambda each: each.left)


def find(labelled: Labelled, scores: list[Alone]) -> Iterator[DraftWarning]:
    """Leave out the columns that determine the target, and those that by name and strength are known too late; warn of what is in doubt."""
    out, look = suspects(scores, labelled.classes)
    late = [each for each in scores if _late(each, labelled) and (each in out or _strong(each, scores, labelled.classes))]
    out, look = [[each for each in some if each not in late] for some in (out, look)]
    chosen = [*out, *late, *look]
    usual = next((each for each in scores if each not in chosen), None)
    beside = f", the next best column {usual.score:.2f}" if usual else ""
    metric, target = labelled.question.kind.alone, labelled.target.came
    added = worth.Worth(labelled, [each.column for each in (*out, *late)])
    for each in [*out, *late]:
        by = f"{each.by} alone: {metric} {each.score:.3f}{beside}"
        if each.one_sided and each.score < 1 - STRONG:
            by = f"where it is missing tells the class of those rows in {each.one_sided:.1%} of them"
        known = "it is known when a prediction is needed"
        if each in out:
            said = f"leakage: {each.column.name} almost determines {target} all by itself ({by}); it may be made from the outcome, so it is left out"
            yield trap.left_out("leak", [each.column], "it almost determines the target all by itself", said + added.adds(each.column), known)
        else:
            said = f"leakage: {each.column.name} {_late(each, labelled)}, and it tells much of {target} ({by}), so it is left out"
            yield trap.left_out("late", [each.column], "by its name and strength it is known too late", said + added.adds(each.column), known)
    if look:
        yield _doubt(look, metric, target, beside)
    for each in scores:
        if each not in chosen and (said := _late(each, labelled)) and each.score >= WEAK:
            text = f"leakage?: {each.column.name} {said} ({metric} {each.score:.3f} alone); if it is known only after {target} is, take it out of features()"
            yield DraftWarning("late", (each.column.name,), text)


def _doubt(look: list[Alone], metric: str, target: str, beside: str) -> DraftWarning:
    """What is said of strong columns that may be honest, all in one warning."""
    each = ", ".join(f"{each.column.name} ({metric} {each.score:.3f})" for each in look)
    tells, itself, it_is, it = ("tells", "itself", "it is", "it") if len(look) == 1 else ("tell", "themselves", "they are", "them")
    text = f"leakage?: {each} {tells} much of {target} all by {itself}{beside}; make sure that {it_is} known when a prediction is needed, else take {it} out"
    return DraftWarning("strong", tuple(each.column.name for each in look), f"{text} of features()")


def suspects(scores: list[Alone], classes: bool) -> tuple[list[Alone], list[Alone]]:
    """The columns that determine the target so well that they are left out, and those that deserve a look."""
    out, look = [], []
    usual = next((each.left for each in scores if each.left > STRONG), 0.5)
    apart = [each for each in scores if each.left <= STRONG and each.left * APART <= usual]
    for place, each in enumerate(scores):
        if "text" in each.column.roles and not each.missing and not each.one_sided:
            continue  # its words may tell as much as they can
        after = scores[place + 1].left if place + 1 < len(scores) else 0.5
        earlier = bool(words(each.column.came) & vocabulary.BEFORE)
        ahead = len(out) == place and not earlier and _ahead(each, after, classes)
        if each.left <= (COPIED if earlier else PERFECT) or ahead or each.one_sided:
            out.append(each)
        elif each.left <= STRONG and (each.left * FAR <= after or (each in apart and len(apart) <= MAX_SUSPECTS)):
            look.append(each)
    return out, look


def _ahead(each: Alone, after: float, classes: bool) -> bool:
    """Whether a column is far ahead of the next one, which leaves `after`."""
    if classes:
        times = AHEAD_PLAINLY if each.missing or each.column.distinct <= FLAG else AHEAD
        return each.left <= STRONG and each.left * times <= after and (after <= USEFUL or each.missing)
    times = next((times for left, times in AHEAD_OF_NUMBERS.items() if each.left <= left), None)
    return times is not None and each.left * times <= after <= USEFUL_OF_NUMBERS


def _strong(each: Alone, scores: list[Alone], classes: bool) -> bool:
    """Whether a column that may be known too late tells more than any other."""
    others = max((other.score for other in scores if other is not each), default=0.0)
    return each.score >= (NAMED if classes else NAMED_OF_NUMBERS) and each.score >= others - 0.02


def _late(each: Alone, labelled: Labelled) -> str:
    """What the name of a column says against it."""
    said, target = words(each.column.came), labelled.target
    if said & vocabulary.BEFORE or late_moments.before(labelled, each.column):
        return ""
    if said & vocabulary.AFTER:
        return "may by its name be known only after the outcome, as the length of a call is"
    name = each.column.came.lower().replace("_", "").replace(" ", "")
    parts = {word for word in words(target.came) if word != target.came.lower().replace("_", "").replace(" ", "")} or words(target.came)
    own = {word for word in parts if len(word) >= 4 and word not in vocabulary.ANY_TARGET}
    return "is named after the target" if own and all(word in name for word in own) else ""


def _best(column: ColumnProfile, labelled: Labelled) -> Alone:
    values, truth, folds = labelled.frame[column.name], labelled.truth, labelled.folds
    score = max(told(codes, truth, folds) for codes in _codes(column, values))
    if not labelled.classes and column.number:
        score = max(score, _straight(values, truth[:, 0]))
    nulls = values.is_null().to_numpy().astype(np.int64)
    gone = told(nulls, truth, folds) if 0.001 < nulls.mean() < 0.999 else 0.0
    if "text" in column.roles:
        score = max(score, worth.text_score(values, labelled))
    return Alone(column, max(score, gone), gone >= score - 0.005 and gone > 0.5, _one_sided(nulls, truth) if labelled.classes else 0.0)


def _one_sided(nulls: np.ndarray, truth: np.ndarray) -> float:
    """The share of one class among the rows that have a value, or those that have none, where it is nearly all and most of that class is there."""
    outputs = [*truth.T, *((1 - truth[:, 0],) if truth.shape[1] == 1 else ())]
    for side in (nulls == 0, nulls == 1):
        for output in outputs:
            rows = side.sum()
            share = output[side].mean() if rows else 0.0
            if AT_LEAST <= rows < len(nulls) and share >= ONE_SIDED and output[side].sum() >= COVERED * output.sum() and output.mean() <= 0.7:
                return float(share)
    return 0.0


def _codes(column: ColumnProfile, values: pl.Series) -> list[np.ndarray]:
    """Bins of a column: its values, where they are few enough to come again; else ranges of equal size. Missing is one too."""
    found = []
    if column.number or column.moment:
        numbers = values.to_physical().cast(pl.Float64).to_numpy()
        known = numbers[np.isfinite(numbers)]
        if not len(known):
            return [np.zeros(len(numbers), dtype=np.int64)]
        edges = np.sort(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        edges = np.unique(np.append(edges, np.nextafter(edges[1:][np.diff(edges) == 0], np.inf)))  # a value of many rows has a bin of its own
        found.append(np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right") + 1, 0))
    if column.distinct <= len(values) / 5:
        found.append(values.cast(pl.String).fill_null("").rank("dense").cast(pl.Int64).to_numpy())
    return found or [values.is_null().to_numpy().astype(np.int64)]


def _straight(values: pl.Series, truth: np.ndarray) -> float:
    """R2 of a straight line."""
    numbers = values.cast(pl.Float64).to_numpy()
    known = np.isfinite(numbers)
    if known.sum() < 20 or np.std(numbers[known]) == 0 or np.std(truth[known]) == 0:
        return 0.0
    return float(np.corrcoef(numbers[known], truth[known])[0, 1] ** 2 * known.mean())
