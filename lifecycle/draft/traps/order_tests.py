"""What tells that rows follow each other: neighbours that are alike, and a quick model that is worse along the file than on shuffled rows."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.draft.traps import quick_model

STRETCHES = 25
"""Of neighbouring rows, spread over the file."""
LEAST_ROWS = 10 * STRETCHES
FOLDS = 5
LAGS = 20
"""Rows up to so many places apart are neighbours."""
SURE = 6.0
"""Standard errors from which neighbours are not alike by chance."""
ERRORS, TARGETS = (0.06, 0.04), (0.25, 0.15)
"""How much a quick model's errors, or the targets, of one row and the next, of all neighbours, have to be alike (correlation) to matter: the
targets much, since the inputs may say as much."""
WORSE, LOST = 3.5, 0.1
"""Standard errors, and the share of what the model knows, from which it is worse along the file."""


@dataclass(frozen=True)
class Alike:
    """The rank correlation of a row with the next, and with all neighbours; and in standard errors how far each is from chance."""

    of: tuple[float, float]
    sure: tuple[float, float]

    def much(self, least: tuple[float, float]) -> bool:
        """Whether one of them is no chance, and matters."""
        return any(value >= enough and sure >= SURE for value, sure, enough in zip(self.of, self.sure, least, strict=True))


def judge(X: np.ndarray, truth: np.ndarray, stretch: np.ndarray, *, is_sorted: bool, rises: bool, metric: str) -> tuple[str, ...]:
    """What depends on the place of a row, a clause each; nothing, if the order says nothing.

    Args:
        X: inputs, shape (n, m), in the order of the rows.
        truth: the target, shape (n, outputs).
        stretch: the number of each row's stretch, from 0.
        is_sorted: whether the file is sorted by an input: then a model is worse along it for want of that input's values alone.
        rises: whether an input rises from row to row, and may begin anew now and then: then targets are alike for its sake.
        metric: what a score is called.
    """
    shuffled, along = (_guessed(X, truth, folds) for folds in (_shuffled(len(X)), _runs(stretch)))
    errors, targets = _alike(truth - shuffled, stretch), _alike(truth, stretch)
    worse = not is_sorted and _worse(truth, shuffled, along, stretch)
    if not (worse or errors.much(ERRORS) or (not is_sorted and not rises and targets.much(TARGETS))):
        return ()
    scores = [_score(truth, said, _runs(stretch)) for said in (shuffled, along)]
    told = [(targets, "the targets of neighbours are alike"), (errors, "a quick model errs alike for neighbours")]
    found = [f"{words} (rank correlation {max(each.of):.2f})" for each, words in told if each.much((0.0, 0.0))]
    if scores[1] < scores[0]:
        found.append(f"a quick model has {metric} {scores[0]:.3f} on shuffled rows and {scores[1]:.3f} along the file")
    return tuple(found)


def _shuffled(rows: int) -> np.ndarray:
    return np.random.default_rng(7).permutation(rows) % FOLDS


def _runs(stretch: np.ndarray) -> np.ndarray:
    """A fold has stretches that follow each other, so that most of its rows have no neighbour in the others."""
    return stretch * FOLDS // (int(stretch.max()) + 1)


def _guessed(X: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """What a quick model says of each row that was fitted on the other folds, shape (n, outputs)."""
    said = np.empty_like(truth)
    for fold in range(FOLDS):
        rest, here = folds != fold, folds == fold
        said[here] = quick_model.guessed(X[rest], truth[rest], X[here])
    return said


def _alike(values: np.ndarray, stretch: np.ndarray) -> Alike:
    """How alike neighbours are, by the ranks of their values, since a few large ones would decide it."""
    ranks = np.column_stack([pl.Series(values[:, each]).rank("average").to_numpy() for each in range(values.shape[1])])
    ranks = (ranks - ranks.mean(axis=0)) / np.maximum(ranks.std(axis=0), 1e-12)
    found, pairs = [], []
    for lag in range(1, LAGS + 1):
        same = stretch[lag:] == stretch[:-lag]
        if same.sum() >= LEAST_ROWS / 2:
            found.append(float((ranks[lag:][same] * ranks[:-lag][same]).mean()))
            pairs.append(int(same.sum()))
    if not found:
        return Alike((0.0, 0.0), (0.0, 0.0))
    mean = float(np.mean(found))
    return Alike((found[0], mean), (found[0] * pairs[0] ** 0.5, mean * sum(pairs) ** 0.5))


def _worse(truth: np.ndarray, shuffled: np.ndarray, along: np.ndarray, stretch: np.ndarray) -> bool:
    """Whether the squared error grows along the file: paired, stretch by stretch, and by how much of what the model knows."""
    plain, lost, kept = (((truth - said) ** 2).sum(axis=1) for said in (truth.mean(axis=0), along, shuffled))
    more = np.array([(lost - kept)[stretch == each].mean() for each in np.unique(stretch)])
    error = more.std(ddof=1) / len(more) ** 0.5
    known = plain.sum() - kept.sum()
    return bool(known > 0 and more.mean() > WORSE * error and (lost - kept).sum() >= LOST * known)


def _score(truth: np.ndarray, said: np.ndarray, folds: np.ndarray) -> float:
    """ROC AUC, within a fold, or R2."""
    from sklearn.metrics import roc_auc_score

    if not set(np.unique(truth)) <= {0.0, 1.0}:
        return float(1 - ((truth - said) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())
    each = [
        (roc_auc_score(truth[here, output], said[here, output]), here.sum())
        for output in range(truth.shape[1])
        for here in (folds == fold for fold in range(FOLDS))
        if 0 < truth[here, output].sum() < here.sum()
    ]
    return float(np.average([score for score, _ in each], weights=[rows for _, rows in each])) if each else 0.5
