"""How well each column tells the target all by itself: what tells it nearly perfectly may not be known in time."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.draft.columns import ColumnProfile, Table
from lifecycle.draft.problem import GuessedProblem
from lifecycle.store.lake import quoted

MAX_ROWS = 30_000
FOLDS = 5
BINS = 60
PRIOR = 2.0  # rows of the mean that a bin starts with
PERFECT, STRONG, NEAR = 0.002, 0.05, 0.12
"""What a column leaves to explain, up to which it determines the target, may be left out, may be warned of."""
AHEAD, FAR, APART = 4.0, 1.7, 3.0
"""So many times as much must the next column leave for it to be left out, to be warned of, or to be one of a few that are."""
MAX_SUSPECTS = 3
USEFUL = 0.42
"""What a column leaves that is worth something: without one beside it, a strong column may be all that there is to know."""


@dataclass(frozen=True)
class Alone:
    """What one column says of the target, judged on rows it was not learned from.

    Attributes:
        column: which.
        score: ROC AUC (of several classes the mean), or R2.
        missing: whether it is enough to know where its values are missing.
    """

    column: ColumnProfile
    score: float
    missing: bool = False

    @property
    def left(self) -> float:
        """What it does not tell."""
        return max(1 - self.score, 1e-9)


def alone(table: Table, question: GuessedProblem) -> list[Alone]:
    """The score of every column that a model would see, the best first."""
    target = table.one("target")
    seen = [column for column in table.columns if column.feature and column.type != "bytes"]
    if target is None or not seen:
        return []
    names = ", ".join(quoted(column.name) for column in [target, *seen])
    frame = table.sample.connection.sql(
        f"SELECT {names} FROM clean WHERE {quoted(target.name)} IS NOT NULL USING SAMPLE reservoir({MAX_ROWS} ROWS) REPEATABLE (7)"
    ).pl()
    truth = question.kind.truth(question, frame[target.name])
    folds = np.random.default_rng(7).permutation(frame.height) % FOLDS
    return sorted((_best(column, frame[column.name], truth, folds) for column in seen), key=lambda each: each.left)


def suspects(scores: list[Alone]) -> tuple[list[Alone], list[Alone]]:
    """The columns that determine the target so well that they are left out, and those that deserve a look."""
    out, look = [], []
    usual = next((each.left for each in scores if each.left > NEAR), 0.5)
    apart = [each for each in scores if each.left <= NEAR and each.left * APART <= usual]
    for place, each in enumerate(scores):
        after = scores[place + 1].left if place + 1 < len(scores) else 0.5
        alone_ahead = len(out) == place and each.left <= STRONG and each.left * AHEAD <= after <= USEFUL
        if each.left <= PERFECT or alone_ahead:
            out.append(each)
        elif each.left <= NEAR and (each.left * FAR <= after or (each in apart and len(apart) <= MAX_SUSPECTS)):
            look.append(each)
    return out, look


def _best(column: ColumnProfile, values: pl.Series, truth: np.ndarray, folds: np.ndarray) -> Alone:
    score = max(_score(codes, truth, folds) for codes in _codes(column, values))
    binary = set(np.unique(truth)) <= {0.0, 1.0}
    if not binary and column.number:
        score = max(score, _straight(values, truth[:, 0]))
    nulls = values.is_null().to_numpy().astype(np.int64)
    gone = _score(nulls, truth, folds) if 0.001 < nulls.mean() < 0.999 else 0.0
    return Alone(column, max(score, gone), gone >= score - 0.005 and gone > 0.5)


def _codes(column: ColumnProfile, values: pl.Series) -> list[np.ndarray]:
    """Bins of a column: its values, where they are few enough to come again; else ranges of equal size. Missing is one too."""
    found = []
    if column.number or column.moment:
        numbers = values.to_physical().cast(pl.Float64).to_numpy()
        known = numbers[np.isfinite(numbers)]
        if not len(known):
            return [np.zeros(len(numbers), dtype=np.int64)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        found.append(np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right") + 1, 0))
    if column.distinct <= len(values) / 5:
        found.append(values.cast(pl.String).fill_null("").rank("dense").cast(pl.Int64).to_numpy())
    return found or [values.is_null().to_numpy().astype(np.int64)]


def _score(codes: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> float:
    """The target's mean by bin, learned from the other folds: its ROC AUC, or its R2."""
    guess = np.empty_like(truth)
    count = int(codes.max()) + 1
    for fold in range(FOLDS):
        rest, here = folds != fold, folds == fold
        base = truth[rest].mean(axis=0)
        rows = np.bincount(codes[rest], minlength=count)
        for output in range(truth.shape[1]):
            sums = np.bincount(codes[rest], truth[rest, output], minlength=count)
            guess[here, output] = ((sums + PRIOR * base[output]) / (rows + PRIOR))[codes[here]]
    if set(np.unique(truth)) <= {0.0, 1.0}:
        each = [_auc(truth[:, output], guess[:, output]) for output in range(truth.shape[1])]
        return float(np.average(each, weights=np.maximum(truth.sum(axis=0), 1)))
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(max(1 - ((truth - guess) ** 2).sum() / spread, 0.0)) if spread > 0 else 0.0


def _auc(truth: np.ndarray, guess: np.ndarray) -> float:
    """The area under the ROC curve by ranks, ties counted half (Mann and Whitney 1947)."""
    positives = truth.sum()
    negatives = len(truth) - positives
    if not positives or not negatives:
        return 0.5
    ranks = pl.Series(guess).rank("average").to_numpy()
    return float((ranks[truth > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _straight(values: pl.Series, truth: np.ndarray) -> float:
    """R2 of a straight line."""
    numbers = values.cast(pl.Float64).to_numpy()
    known = np.isfinite(numbers)
    if known.sum() < 20 or np.std(numbers[known]) == 0 or np.std(truth[known]) == 0:
        return 0.0
    return float(np.corrcoef(numbers[known], truth[known])[0, 1] ** 2 * known.mean())
