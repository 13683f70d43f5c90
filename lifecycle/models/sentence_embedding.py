"""A column of texts as the vectors of a sentence encoder, inside the model. It subclasses scikit-learn: import it only where a model is built or loaded."""

from typing import Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin

from lifecycle.models.sentence_encoder import SentenceEncoder


class SentenceEmbedding(TransformerMixin, BaseEstimator):
    """One column of free text as vectors of length 1, which nothing is learnt for.

    Args:
        encoder: what reads.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.encoder = encoder

    def fit(self, X: pl.DataFrame, y: object = None) -> Self:
        """Nothing to learn: the encoder is frozen."""
        return self

    def transform(self, X: pl.DataFrame) -> np.ndarray:
        """The vectors, shape (n, width)."""
        return self.encoder.vectors(X.to_series(0).cast(pl.String).to_list()).astype(np.float64)  # sums of a few rows and of many then agree
