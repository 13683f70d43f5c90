"""The feature table as a model sees it: one part of it at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.columns import Columns


@dataclass(frozen=True)
class Rows:
    """Rows of the feature table, all in the same order.

    Attributes:
        X: the model's inputs: numeric, Boolean or String (a category) columns, nulls allowed.
        y: the encoded target, length n: 0/1 for `binary`, the class as text for `multiclass`, float for `regression`;
            for `clustering`, which has none, where the rows lie in the space they are judged in, shape (n, coordinates).
        info: `_key` (text) and every column of the schema that has a role other than plain `feature`, or is a slice, or has what a wrong answer costs.
    """

    X: pl.DataFrame
    y: np.ndarray
    info: pl.DataFrame

    def __len__(self) -> int:
        return self.X.height

    def take(self, which: np.ndarray) -> "Rows":
        """The rows at these positions, or where this mask is true."""
        where = np.flatnonzero(which) if which.dtype == bool else which
        return Rows(self.X[where], self.y[where], self.info[where])

    @property
    def time(self) -> pl.Series | None:
        """The time column, where there is one (as `_time`)."""
        return self.info["_time"] if "_time" in self.info.columns else None


def joined(pieces: Sequence[Rows]) -> Rows:
    """Rows one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    X, info = (pl.concat([getattr(piece, part) for piece in pieces]) for part in ("X", "info"))
    return Rows(X, np.concatenate([piece.y for piece in pieces]), info)


def info_columns(columns: Columns, more: tuple[str, ...]) -> list[str]:
    """The columns carried beside the inputs."""
    return [column.name for column in columns.all if any(role.beside for role in column.roles) or column.name in more]
