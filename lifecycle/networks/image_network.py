"""A classifier of images under scikit-learn's contract. It is trained with Keras, and answers as an ONNX graph, for which neither is needed."""

import os
import threading
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin

from lifecycle import progress
from lifecycle.models import images
from lifecycle.networks.graph import add
from lifecycle.networks.layout import Layout, layout

if TYPE_CHECKING:
    from lifecycle.compiled.graph import Graph
    from lifecycle.compiled.model import Compiled

HELD = 0.12
"""The share of the rows that says when to stop; of each class, where it has so many."""
FEWEST = 200
"""Rows below which all of them are learnt from."""
WORK = 1.2e12
"""Multiplications, forwards, that one fit may take: about two minutes of two cores."""
ROWS_SEEN = 24_000
"""Images, come again or not, after which most small sets are learnt."""
LEAST, MOST = 4, 60
"""Passes over the rows, however many these are."""


class ImageNetwork(ClassifierMixin, BaseEstimator):
    """A small residual network over one column of images, as `lifecycle.images.image_points` gives them.

    How long it learns is decided by the rows and the size of the images, never by a clock: the same rows give the same weights.

    Args:
        column: the input that holds the images; it reads no other.
        width: filters of the first convolution.
        rate: the highest rate of learning.
        dropout: the share of the inputs of the last sum that is left out at random.
        balance: how much a class counts for being rare: 0 as it comes, 1 as much as any other.
        flips: along which an image may be turned over in training: `horizontal`, `vertical`.
        epochs: passes over the rows; 0: as the work allows.
        seed: of everything random.

    Attributes:
        classes_: in the order of the probabilities' columns.
        layout_: the network.
        weights_: arrays by name (`lifecycle.networks.graph.Weights`): a model is these numbers and no code.
    """

    def __init__(
        self, column: str, width: int = 16, rate: float = 4e-3, dropout: float = 0.2, balance: float = 0.0, flips: tuple[str, ...] = (),
        epochs: int = 0, seed: int = 0,
    ) -> None:  # fmt: skip
        self.column = column
        self.width = width
        self.rate = rate
        self.dropout = dropout
        self.balance = balance
        self.flips = flips
        self.epochs = epochs
        self.seed = seed

    def fit(self, X: pl.DataFrame, y: Any) -> Self:
        """Learn from images.

        Raises:
            LifecycleError: the images have different shapes, or none is there.
        """
        from lifecycle.networks.training import Sample, Schedule, train

        y = np.asarray(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        shape = self._shape(X[self.column])
        points = images.points(X[self.column], shape)
        self.layout_: Layout = layout(shape, len(self.classes_), self.width)
        counts = np.bincount(codes)
        weight = ((len(codes) / (len(counts) * counts)) ** self.balance)[codes].astype(np.float32)
        held = _held_back(codes, np.random.default_rng(self.seed)) if len(codes) >= FEWEST else np.zeros(len(codes), bool)
        epochs = self.epochs or self._epochs(len(codes))
        schedule = Schedule(epochs, self.rate, self.dropout, max(epochs // 4, 3), max(shape[0] // 14, 1), tuple(self.flips))
        fitted, judged = (Sample(points[which], codes[which].astype(np.int32), weight[which]) for which in (~held, held))
        self.weights_ = train(self.layout_, schedule, fitted, judged if held.any() else None, self.seed, progress.note)
        self._answering = None
        return self

    def predict_proba(self, X: pl.DataFrame) -> np.ndarray:
        """Probabilities of shape (n, classes)."""
        return self._graph().predict_proba(X)

    def predict(self, X: pl.DataFrame) -> np.ndarray:
        """The likeliest class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def compiled(self, graph: "Graph", X: str) -> str:
        """Its probabilities as nodes of a graph, whose input X has the points of each image in a row: `lifecycle.compiled.convert` asks for this."""
        return add(graph, self.layout_, self.weights_, X)

    @property
    def images_(self) -> dict[str, tuple[int, int, int]]:
        """The columns that it reads, with the shape of what is in a cell."""
        return {self.column: self.layout_.shape}

    def _graph(self) -> "Compiled":
        from lifecycle.compiled.convert import of_images
        from lifecycle.compiled.model import Compiled

        answering: Compiled | None = getattr(self, "_answering", None)
        if answering is None:
            with _guard:
                answering = self._answering = Compiled(of_images(self), os.cpu_count() or 1)
        return answering

    def _epochs(self, rows: int) -> int:
        """As many passes as the work allows, but no more than a small set needs."""
        seen = min(WORK / self.layout_.work, max(ROWS_SEEN, 14 * rows))
        return int(np.clip(seen / rows, LEAST, MOST))

    def _shape(self, cells: pl.Series) -> tuple[int, int, int]:
        from lifecycle.errors import LifecycleError

        known = cells.drop_nulls()
        if known.is_empty() or known.dtype != pl.Binary:
            raise LifecycleError(f"the network needs images in '{self.column}', found none; let features() return image_points('{self.column}', ...)")
        return images.shape(known[0])

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_answering"}


_guard = threading.Lock()


def _held_back(codes: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A mask of a share of the rows of each class."""
    held = np.zeros(len(codes), bool)
    for each in range(codes.max() + 1):
        own = np.flatnonzero(codes == each)
        held[random.permutation(own)[: int(HELD * len(own))]] = True
    return held
