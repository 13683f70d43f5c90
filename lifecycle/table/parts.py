"""The part of each row, train, tune or gate, by the lines that a split has drawn; and the rows of a part."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.dataset import Rows, joined
from lifecycle.errors import LifecycleError
from lifecycle.references import Parts
from lifecycle.splits import Boundaries
from lifecycle.table import feature_table
from lifecycle.table.sample import LABELLED, draws

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def assign(use_case: "UseCase", parts: Parts, info: pl.DataFrame) -> pl.Series:
    """The part of each row by the lines of `parts`: `train`, `tune`, `gate`, or a reason for none of them.

    `warm_up`: look-back windows are not full yet. `gap`: between two parts, or its label was not known when the next
    part began. `unlabelled`: the truth is not known (yet).

    Args:
        info: `_hash` and the columns that the split needs, as in `Rows.info`.

    Returns:
        A String series named `part`.

    Raises:
        LifecycleError: another kind of split drew the lines.
    """
    part = use_case.split.part(use_case, _lines(use_case, parts))
    if use_case.target:
        part = pl.when(pl.col(use_case.target).is_null()).then(pl.lit("unlabelled")).otherwise(part)
    return info.select(part.alias("part")).to_series()


def labelled(use_case: "UseCase", parts: Parts, info: pl.DataFrame) -> pl.Series:
    """Whether the label of each row was known when the lines of `parts` were drawn, as Boolean; arguments and errors as of `assign`."""
    there = use_case.split.labelled(use_case, _lines(use_case, parts))
    if use_case.target:
        there = pl.col(use_case.target).is_not_null() & there
    return info.select(there.fill_null(False).alias(LABELLED)).to_series()


def _lines(use_case: "UseCase", parts: Parts) -> Boundaries:
    bounds = use_case.split.drawn(parts.bounds)
    if bounds is None:
        raise LifecycleError(
            f"use case '{use_case.name}': rows get their parts by lines that a {type(use_case.split).__name__} drew, found the lines of another"
            f" split ({', '.join(parts.bounds) or 'none'}); make a new version with 'lifecycle train {use_case.name}'"
        )
    return bounds


def rows(use_case: "UseCase", parts: Parts, part: str) -> Rows:
    """The rows of one part (or all `LABELLED` ones), or their sample; without a target, `y` is where they lie in the space that the train part spans."""
    found = pick(use_case, parts, part, feature_table.pieces(use_case, parts.features))

    def train() -> Rows:
        return found if part == "train" else pick(use_case, parts, "train", feature_table.pieces(use_case, parts.features))

    return use_case.kind.placed(use_case, found, train)


def pick(use_case: "UseCase", parts: Parts, part: str, pieces: Iterable[Rows]) -> Rows:
    """The rows of a part, or its sample, out of all rows, which come in pieces."""
    return joined([piece.take(_chosen(use_case, parts, part, piece.info)) for piece in pieces])


def _chosen(use_case: "UseCase", parts: Parts, part: str, info: pl.DataFrame) -> np.ndarray:
    found = labelled(use_case, parts, info) if part == LABELLED else assign(use_case, parts, info) == part
    chosen = found.to_numpy().copy()
    if part in parts.sample:
        chosen[chosen] = draws(use_case, info["_key"].filter(pl.Series(chosen))) < parts.sample[part]
    return chosen
