"""Why a model says what it says of one row: contributions of its inputs that add up to its output."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifecycle.usecase import UseCase

BACKGROUND = 100
"""Rows of the training part that stand for 'not knowing' an input."""
MAX_ROWS_ASKED = 12_000
"""The most rows that the model is asked about for one explanation: what bounds its time."""
FILE = "background.parquet"


@dataclass(frozen=True)
class Contributions:
    """An explanation of one output: `base` plus the contributions is `output`.

    Attributes:
        scale: what the numbers are: a probability, or the target's own unit.
        base: the mean output over the background rows.
        output: what the model says of the row.
        parts: by input its contribution; they add up to `output - base`.
        errors: by input the standard error of its contribution, for the permutations are a sample.
    """

    scale: str
    base: float
    output: float
    parts: dict[str, float]
    errors: dict[str, float]

    @property
    def gap(self) -> float:
        """By how much base and contributions miss the output: rounding, nothing else."""
        return abs(self.base + sum(self.parts.values()) - self.output)


def background(train: pl.DataFrame, seed: int) -> bytes:
    """Some training rows as a Parquet file: kept beside the model, so that it can be explained without the lake."""
    some = train if train.height <= BACKGROUND else train[np.sort(np.random.default_rng(seed).choice(train.height, BACKGROUND, replace=False))]
    buffer = io.BytesIO()
    some.write_parquet(buffer)
    return buffer.getvalue()


def explain(use_case: "UseCase", say: "Callable[[pl.DataFrame], pl.DataFrame]", row: pl.DataFrame, known: pl.DataFrame) -> Contributions:
    """Shapley values of one row, by sampled permutations (Strumbelj and Kononenko 2014, algorithm 1).

    An input that is not known is drawn from the background rows, independently of those that are. From each background
    row inputs are switched to the row's own, one after the other, in a random order and then in the reverse order; what
    the output changes by at each switch is that input's. Each walk's changes add up exactly, so their means do.

    Args:
        use_case: its problem decides what is explained: the probability of the positive class, that of the predicted
            class, the predicted number, or whether the row belongs to its cluster. Its seed fixes the orders.
        say: the model: rows of inputs in, `lifecycle.predict.predict`'s frame out.
        row: one row of inputs.
        known: background rows, with the same columns.
    """
    names = row.columns
    walks = max(min(known.height, MAX_ROWS_ASKED // (2 * (len(names) + 1))), 1)
    random = np.random.default_rng(use_case.seed)
    orders = np.array([random.permutation(len(names)) for _ in range(walks)])
    orders = np.concatenate([orders, orders[:, ::-1]])
    start = known.select(names).head(walks)
    explained, scale = use_case.kind.explained(use_case, said := say(row))
    asked = _steps(row, pl.concat([start, start]), orders)
    outputs = explained(say(asked)).to_numpy().reshape(len(orders), len(names) + 1)
    changes = np.empty((len(orders), len(names)))
    np.put_along_axis(changes, orders, np.diff(outputs, axis=1), axis=1)
    means = changes.mean(axis=0)
    pairs = changes.reshape(2, walks, len(names)).mean(axis=0)
    spread = pairs.std(axis=0, ddof=1) / np.sqrt(walks) if walks > 1 else np.full(len(names), np.nan)
    return Contributions(
        scale,
        float(outputs[:, 0].mean()),
        explained(said).item(),
        dict(zip(names, means.tolist(), strict=True)),
        dict(zip(names, spread.tolist(), strict=True)),
    )


def _steps(row: pl.DataFrame, start: pl.DataFrame, orders: np.ndarray) -> pl.DataFrame:
    """Every walk's rows, one after the other: the background row, then with one input more of the explained row's own."""
    walks, inputs = orders.shape
    rank = np.empty_like(orders)
    np.put_along_axis(rank, orders, np.broadcast_to(np.arange(inputs), orders.shape), axis=1)
    step = np.arange(inputs + 1)
    repeated: Any = np.repeat(np.arange(walks), inputs + 1)
    return start[repeated].with_columns(
        pl.when(pl.Series((step[None, :] > rank[:, [at]]).ravel()))
        .then(pl.lit(row[name].item(), dtype=row[name].dtype))
        .otherwise(pl.col(name))
        .alias(name)
        for at, name in enumerate(row.columns)
    )
