"""Free text as numbers, inside the model. It subclasses scikit-learn: import it only where a model is built or loaded."""

import hashlib
from functools import lru_cache
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier

MAX_CHARACTERS = 2_000
"""So many characters of a text are read, from its start."""
BUCKETS = 1 << 17
"""Words and parts of words are hashed to so many places: the size of the model does not grow with the vocabulary."""
MAX_FIT_TEXTS = 30_000
"""Of more texts than these, evenly spaced ones teach."""
FOLDS = 5
Sparse = Any
"""A sparse matrix of SciPy, whose types say little."""


class Text(TransformerMixin, BaseEstimator):
    """One column of free text as a few numbers: how a linear model of its words reads it, and its topics.

    A text becomes the weights (TF-IDF) of its words, its pairs of words and the parts of its words of 3 to 5 letters, which
    forgive endings and misspellings. A linear model of these, which suits them best, gives a score for each class, or a
    number. The training rows get their scores from models of the other folds, so that what comes after learns how far to
    trust them. The topics are the weights' first singular vectors. A missing text is an empty one.

    Args:
        model: an unfitted linear model, whose decisions or numbers are the scores; without one there are none.
        topics: how many.
        seed: of the folds and the topics.
    """

    def __init__(self, model: Any = None, topics: int = 12, seed: int = 0) -> None:
        self.model = model
        self.topics = topics
        self.seed = seed

    def fit(self, X: pl.DataFrame, y: Any = None) -> Self:
        """Learn weights, topics and the linear model, of at most 30,000 texts."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pl.DataFrame, y: Any = None, **_: Any) -> np.ndarray:
        """Learn, and give the training rows scores that do not know their own targets."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfTransformer

        counts: Sparse = counted(X)
        some = np.arange(counts.shape[0]) if counts.shape[0] <= MAX_FIT_TEXTS else np.linspace(0, counts.shape[0] - 1, MAX_FIT_TEXTS).astype(np.int64)
        self.weights_ = TfidfTransformer(sublinear_tf=True).fit(counts[some])
        weighted = self.weights_.transform(counts)
        self.topics_ = None
        if self.topics:
            width = max(1, min(self.topics, len(some) - 1))
            self.topics_ = TruncatedSVD(width, n_iter=3, random_state=self.seed).fit(weighted[some])
        self.model_ = None
        if self.model is None:
            return self._columns(weighted, None)
        self.model_ = self._unfitted().fit(weighted[some], y[some])
        return self._columns(weighted, self._out_of_fold(weighted, y, some))

    def transform(self, X: pl.DataFrame) -> np.ndarray:
        """The matrix, shape (n, scores + topics)."""
        weighted = self.weights_.transform(counted(X))
        return self._columns(weighted, None if self.model_ is None else self._scores(self.model_, weighted))

    def _unfitted(self) -> Any:
        return clone(self.model)

    def _scores(self, model: Any, weighted: Sparse) -> np.ndarray:
        """A score for each class of the model (one for two classes), or the number; of shape (n, scores)."""
        found = model.decision_function(weighted) if is_classifier(model) else model.predict(weighted)
        return found[:, None] if found.ndim == 1 else found

    def _out_of_fold(self, weighted: Sparse, y: np.ndarray, some: np.ndarray) -> np.ndarray:
        from sklearn.model_selection import KFold

        scores = self._scores(self.model_, weighted)
        few = len(some) < 2 * FOLDS
        for fitted, tested in [] if few else KFold(FOLDS, shuffle=True, random_state=self.seed).split(some):
            if is_classifier(self.model) and len(np.unique(y[some[fitted]])) < len(np.unique(y[some])):
                continue  # a class of so few rows that a fold holds them all
            scores[some[tested]] = self._scores(self._unfitted().fit(weighted[some[fitted]], y[some[fitted]]), weighted[some[tested]])
        return scores

    def _columns(self, weighted: Sparse, scores: np.ndarray | None) -> np.ndarray:
        blocks = [] if scores is None else [scores]
        if self.topics_ is not None:
            blocks.append(self.topics_.transform(weighted))
        return np.hstack(blocks)


def counted(X: pl.DataFrame) -> Sparse:
    """How often each hashed word, pair and part of a word is in each text of the only column; what was counted last is remembered."""
    series = X.to_series(0).cast(pl.String).fill_null("").str.slice(0, MAX_CHARACTERS)
    if len(series) < 100:
        return _count(series.to_list())
    return _remembered(hashlib.sha256("\x00".join(texts := series.to_list()).encode()).hexdigest(), _Texts(texts))


class _Texts:
    """Texts that equal each other whatever they are: a cache looks at the hash beside them alone."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Texts)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=6)
def _remembered(_name: str, given: _Texts) -> Sparse:
    found = _count(given.texts)
    given.texts = []
    return found


def _count(texts: list[str]) -> Sparse:
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    given: dict[str, Any] = {"n_features": BUCKETS // 2, "alternate_sign": False, "norm": None, "dtype": np.float32}
    words = HashingVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b|[!?]+", **given)
    parts = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **given)
    return hstack([words.transform(texts), parts.transform(texts)], format="csr")
