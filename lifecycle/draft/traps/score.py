"""How well guesses, or the bins of a column, tell a target."""

import numpy as np
import polars as pl

from lifecycle.draft.traps.labelled import FOLDS

PRIOR = 2.0  # rows of the mean that a bin starts with


def told(codes: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> float:
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
    return score(truth, guess)


def score(truth: np.ndarray, guess: np.ndarray) -> float:
    """How well guesses tell a target, both of shape (n, outputs): the mean ROC AUC of classes, the R2 of a number."""
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
