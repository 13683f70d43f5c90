"""Split: draw the lines between train, tune and gate once; then every row, old or new, has its part."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle import featurize
from lifecycle.dataset import Rows, joined
from lifecycle.errors import NotEnoughData
from lifecycle.references import Features, Parts
from lifecycle.rows.sample import draws, sampled
from lifecycle.splits.split import LEAST

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

PARTS = ("train", "tune", "gate")


def split(use_case: "UseCase", features: Features) -> Parts:
    """Where the definition's split draws its lines on these features.

    Raises:
        NotEnoughData: a part would be left with fewer than 20 labelled rows, or with one class.
    """
    time = ["_time"] if use_case.columns.one("time") else []
    info = featurize.columns(use_case, features, ["_hash", *time, *use_case.split.reads(use_case)])
    drawn = Parts(use_case=use_case.name, features=features, bounds=use_case.split.bounds(use_case, info), counts={})
    given = assign(use_case, drawn, info)
    counts = {str(part): int(count) for part, count in given.value_counts().sort("part").iter_rows()}
    for part in PARTS:
        if counts.get(part, 0) < LEAST:
            raise NotEnoughData(
                f"use case '{use_case.name}': the part '{part}' needs {LEAST} labelled rows, found {counts.get(part, 0)}"
                f" ({', '.join(f'{name} {count:,}' for name, count in counts.items())}); bring more rows, or change the split"
            )
    if use_case.target:
        for part in ("train", "gate"):
            use_case.kind.check_part(use_case, part, lambda part=part: info.filter(given == part)[use_case.target].unique().to_list())
    return drawn.model_copy(update={"counts": counts, **sampled(use_case, features, given, counts)})


def assign(use_case: "UseCase", parts: Parts, info: pl.DataFrame) -> pl.Series:
    """The part of each row by the lines of `parts`: `train`, `tune`, `gate`, or a reason for none of them.

    `warm_up`: look-back windows are not full yet. `gap`: between two parts, or its label was not known when the next
    part began. `unlabelled`: the truth is not known (yet).

    Args:
        info: `_hash` and the columns that the split needs, as in `Rows.info`.

    Returns:
        A String series named `part`.
    """
    part = use_case.split.part(use_case, parts.bounds)
    if use_case.target:
        part = pl.when(pl.col(use_case.target).is_null()).then(pl.lit("unlabelled")).otherwise(part)
    return info.select(part.alias("part")).to_series()


def rows(use_case: "UseCase", parts: Parts, part: str) -> Rows:
    """The rows of one part, or its sample; without a target, `y` is where they lie in the space that the train part spans."""
    found = pick(use_case, parts, part, featurize.pieces(use_case, parts.features))

    def train() -> Rows:
        return found if part == "train" else pick(use_case, parts, "train", featurize.pieces(use_case, parts.features))

    return use_case.kind.placed(use_case, found, train)


def pick(use_case: "UseCase", parts: Parts, part: str, pieces: Iterable[Rows]) -> Rows:
    """The rows of a part, or its sample, out of all rows, which come in pieces."""
    return joined([piece.take(_chosen(use_case, parts, part, piece.info)) for piece in pieces])


def _chosen(use_case: "UseCase", parts: Parts, part: str, info: pl.DataFrame) -> np.ndarray:
    chosen = (assign(use_case, parts, info) == part).to_numpy()
    if part in parts.sample:
        chosen[chosen] = draws(use_case, info["_key"].filter(pl.Series(chosen))) < parts.sample[part]
    return chosen
