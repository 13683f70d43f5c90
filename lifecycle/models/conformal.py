"""Conformal prediction: intervals and sets that hold the truth as often as they state, whatever the model.

What a model says of rows that a fit of it has not seen, beside their truth, tells how far off it is; the quantile of that is taken with the
correction for finite samples, so that for new rows like these the stated coverage is reached on average (Vovk, Gammerman and Shafer 2005;
Lei et al. 2018 for the split form). Drift breaks the promise, as it breaks every other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import ceil, floor
from typing import Any

import numpy as np
import polars as pl

BINS = 10
"""Widths differ between at most so many ranges of the prediction,"""
MIN_BIN_ROWS = 200
"""each with so many rows: of fewer a quantile is too unsure."""
APART = 1e-7
"""Probabilities nearer to each other may be told apart by one form of a model and not by another."""
FEW = 256
"""So many rows are put together one by one: for these that is faster."""


@dataclass(frozen=True)
class PredictionIntervals:
    """What is added to a prediction for the ends of its interval, by the range that the prediction lies in (Mondrian conformal prediction).

    The two ends are quantiles of their own: where errors are skewed, the interval is not symmetric.

    Attributes:
        coverage: the stated share of truths within their intervals.
        rows: how many rows the quantiles come from.
        edges: between the ranges of the prediction, rising, length m - 1.
        below, above: what is added in each range, length m; empty where the rows are too few for the coverage.
        least, most: what no truth is beyond, so that no end is: it takes no truth out of an interval.
    """

    coverage: float
    rows: int
    edges: tuple[float, ...] = ()
    below: tuple[float, ...] = ()
    above: tuple[float, ...] = ()
    least: float | None = None
    most: float | None = None

    @staticmethod
    def of(y: np.ndarray, predicted: np.ndarray, coverage: float, bounds: tuple[float | None, float | None] = (None, None)) -> "PredictionIntervals":
        """The intervals of a model by its predictions for rows that a fit of it has not seen, length n each; `bounds`: what no truth is beyond.

        An end is the order statistic of the errors at rank ceil((n + 1)(1 - a/2)), from its side, with a = 1 - coverage.
        """
        sound = np.isfinite(y) & np.isfinite(predicted)
        error, predicted = (y - predicted)[sound], predicted[sound]
        found = PredictionIntervals(coverage, len(error))
        if _rank(len(error), (1 - coverage) / 2) < 1:
            return found
        edges = _edges(predicted)
        place = np.searchsorted(edges, predicted, side="right")
        ends = [_ends(error[place == at], coverage) for at in range(len(edges) + 1)]
        return PredictionIntervals(coverage, len(error), tuple(edges), tuple(low for low, _ in ends), tuple(high for _, high in ends), *bounds)

    @property
    def states(self) -> bool:
        """Whether there were rows enough to state the coverage."""
        return bool(self.below)

    def columns(self, said: pl.DataFrame, outputs: np.ndarray, classes: Any) -> list[pl.Series]:
        """`low` and `high` for answers, Float64; nothing where no coverage is stated."""
        if not self.below:
            return []
        predicted = said["prediction"].to_numpy()
        place = _array(self.edges).searchsorted(predicted, side="right")
        low, high = predicted + _array(self.below)[place], predicted + _array(self.above)[place]
        if self.least is not None or self.most is not None:
            low, high = np.clip(low, self.least, self.most), np.clip(high, self.least, self.most)
        return [pl.Series("low", low), pl.Series("high", high)]

    def as_json(self) -> dict[str, Any]:
        """It as JSON can hold it."""
        return {"kind": "intervals", **asdict(self)}


@dataclass(frozen=True)
class PredictionSets:
    """From which probability on a class belongs to the set of a row, by class: of the rows of *each* class the stated share have it in their set.

    That is label-conditional (Vovk 2012, "Conditional validity of inductive conformal predictors"): without it the sets of a rare
    class's rows could all be wrong. A class with too few rows for a quantile of its own takes that of all rows together. The predicted class
    always belongs to the set.

    Attributes:
        coverage: the stated share of rows whose set holds the truth.
        rows: how many rows the quantiles come from.
        least: the probability for each class, in the order of the probabilities' columns; empty where the rows are too few for the coverage.
    """

    coverage: float
    rows: int
    least: tuple[float, ...] = ()

    @staticmethod
    def of(y: np.ndarray, probabilities: np.ndarray, classes: np.ndarray, coverage: float) -> "PredictionSets":
        """The sets of a model by its probabilities, shape (n, classes), for rows that a fit of it has not seen, whose classes are `y`."""
        known = np.isin(y, classes)
        own = np.searchsorted(classes, y[known])
        given = probabilities[known][np.arange(len(own)), own] if len(own) else np.zeros(0)
        everybody = _least(given, coverage)
        if everybody is None:
            return PredictionSets(coverage, len(own))
        each = (_least(given[own == at], coverage) for at in range(len(classes)))
        return PredictionSets(coverage, len(own), tuple(everybody if least is None else least for least in each))

    @property
    def states(self) -> bool:
        """Whether there were rows enough to state the coverage."""
        return bool(self.least)

    def columns(self, said: pl.DataFrame, outputs: np.ndarray, classes: Any) -> list[pl.Series]:
        """`set` for answers: the classes of each row as a list, in the order of `classes`; nothing where no coverage is stated."""
        if not self.least:
            return []
        labels = tuple(classes.tolist() if isinstance(classes, np.ndarray) else classes)
        inside = outputs >= _array(self.least)
        inside[np.arange(len(inside)), _places(said["prediction"], labels)] = True
        packed = np.ascontiguousarray(np.packbits(inside, axis=1))  # outputs may lie column by column
        if len(packed) == 1:
            return [_set(labels, packed.tobytes())]
        keys = packed[:, 0] if packed.shape[1] == 1 else packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        different, which = np.unique(keys, return_inverse=True)
        return [pl.concat([_set(labels, key.tobytes()) for key in different])[which] if len(which) else _set(labels, b"\0" * packed.shape[1]).clear()]

    def as_json(self) -> dict[str, Any]:
        """It as JSON can hold it."""
        return {"kind": "sets", **asdict(self)}


Conformal = PredictionIntervals | PredictionSets


def from_json(kept: Mapping[str, Any] | None) -> Conformal | None:
    """What `as_json` gave; `None` of a model that was made before there were any."""
    if not kept:
        return None
    made = {"intervals": PredictionIntervals, "sets": PredictionSets}[kept["kind"]]
    return made(**{name: tuple(value) if isinstance(value, list) else value for name, value in kept.items() if name != "kind"})


def surrounded(said: pl.DataFrame, model: Any, outputs: np.ndarray) -> pl.DataFrame:
    """Answers with what a finished model's `conformal_` adds to them: an interval or a set; as they are where it has none.

    A kind whose frame gives such fields by itself keeps its own.
    """
    conformal = getattr(model, "conformal_", None)
    if conformal is None:
        return said
    found = [column for column in conformal.columns(said, outputs, getattr(model, "classes_", ())) if column.name not in said.columns]
    return said.hstack(found) if found else said


def _rank(rows: int, tail: float) -> int:
    """The rank, from its side, of the order statistic that a new row is beyond with at most this probability; 0: there is none."""
    return floor((rows + 1) * tail + 1e-9)


def _ends(error: np.ndarray, coverage: float) -> tuple[float, float]:
    rank = _rank(len(error), (1 - coverage) / 2)
    risen = np.partition(error, [rank - 1, len(error) - rank])
    return float(risen[rank - 1]), float(risen[len(error) - rank])


def _edges(predicted: np.ndarray) -> list[float]:
    """Halfway between two predictions that occur, so that ranges have about equally many rows, and enough of them."""
    risen = np.sort(predicted)
    count = min(BINS, len(risen) // MIN_BIN_ROWS)
    edges: list[float] = []
    before = 0
    for at in (len(risen) * np.arange(1, count) / count).astype(int) if count > 1 else []:
        end = int(np.searchsorted(risen, risen[at], side="left"))  # equal predictions are in one range
        if end - before >= MIN_BIN_ROWS and len(risen) - end >= MIN_BIN_ROWS:
            edges.append(float((risen[end - 1] + risen[end]) / 2))
            before = end
    return edges


def _least(given: np.ndarray, coverage: float) -> float | None:
    """The probability that all but the stated share of rows give their own class, halfway to the next lower; `None`: too few rows."""
    rank = _rank(len(given), 1 - coverage)
    if rank < 1:
        return None
    risen = np.sort(given)
    lower = risen[risen < risen[rank - 1] - APART]
    return float((risen[rank - 1] + (lower[-1] if len(lower) else 0.0)) / 2)


@lru_cache(maxsize=10_000)
def _set(labels: tuple[Any, ...], packed: bytes) -> pl.Series:
    """The classes whose bits are set, as a column of one row. Kept, for making a column of lists costs more than all the rest of an answer."""
    there = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=len(labels))
    of = [label for label, one in zip(labels, there, strict=True) if one]
    return pl.Series("set", [of], dtype=pl.List(pl.String if isinstance(labels[0], str) else pl.Int64))


@lru_cache(maxsize=1_000)
def _array(numbers: tuple[float, ...]) -> np.ndarray:
    return np.array(numbers)


def _places(predicted: pl.Series, labels: Sequence[Any]) -> np.ndarray:
    """The positions of predicted classes among all."""
    if predicted.dtype.is_integer() and labels == (0, 1):
        return predicted.to_numpy()
    place = {label: at for at, label in enumerate(labels)}
    if len(predicted) <= FEW:
        return np.array([place[label] for label in predicted.to_list()], dtype=np.int64)
    return predicted.replace_strict(list(labels), list(range(len(labels))), return_dtype=pl.Int64).to_numpy()


def needed(coverage: float, tails: int = 1) -> int:
    """How many rows it takes at least to state a coverage by a quantile on one side, or on both."""
    return ceil(tails / (1 - coverage) - 1 - 1e-9)
