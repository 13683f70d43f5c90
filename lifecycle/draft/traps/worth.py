"""What a column would add: the score of a quick model with it and without it, on rows that it has not learned from."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl

from lifecycle.draft.columns import ColumnProfile
from lifecycle.draft.traps import quick_model
from lifecycle.draft.traps.labelled import Labelled
from lifecycle.draft.traps.score import score

MAX_ROWS, MAX_TEXTS = 8_000, 4_000
"""Rows of a quick model, and of a model of words."""


class Worth:
    """The score of a quick model without some columns, and with one of them."""

    def __init__(self, labelled: Labelled, out: Sequence[ColumnProfile]) -> None:
        self.labelled, self.out = labelled, [column.name for column in out]
        self.kept = [column for column in labelled.inputs if column.name not in self.out]

    @cached_property
    def _without(self) -> float:
        return _quick(self.labelled, self.kept)

    def adds(self, *columns: ColumnProfile) -> str:
        """What columns that are left out would add, as the end of a clause; empty where no others are left to compare with."""
        if not self.kept:
            return ""
        metric, score = self.labelled.question.kind.alone, _quick(self.labelled, [*self.kept, *columns])
        return f" (a quick model: {metric} {self._without:.2f} without, {score:.2f} with)"


def text_score(values: pl.Series, labelled: Labelled) -> float:
    """How well the words of a text tell the target, by a linear model of them: ROC AUC, or R2."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import Ridge

    texts, truth, train = values.fill_null("")[:MAX_TEXTS], labelled.truth[:MAX_TEXTS], labelled.folds[:MAX_TEXTS] > 0
    if len(np.unique(truth[train])) < 2 or train.all():
        return 0.0
    vectors = HashingVectorizer(n_features=2**14, alternate_sign=False)
    model = Ridge(alpha=1.0, solver="sparse_cg").fit(vectors.transform(texts.filter(train).to_list()), truth[train])
    guess = model.predict(vectors.transform(texts.filter(~train).to_list()))
    return score(truth[~train], guess.reshape(-1, truth.shape[1]))


def _quick(labelled: Labelled, columns: Sequence[ColumnProfile]) -> float:
    """Of boosted trees on columns as numbers, categories by their alphabet, and texts by their length."""
    rows = min(labelled.frame.height, MAX_ROWS)
    inputs = np.column_stack([_numbers(labelled.frame[column.name].head(rows)) for column in columns])
    truth = labelled.truth[:rows]
    train = labelled.folds[:rows] > 0
    return score(truth[~train], quick_model.guessed(inputs[train], truth[train], inputs[~train]))


def _numbers(values: pl.Series) -> np.ndarray:
    named = values.dtype != pl.String or values.n_unique() <= len(values) / 5
    return quick_model.numbers(values if named else values.str.len_chars())
