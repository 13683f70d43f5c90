"""Which rows a model has seen: those it was trained or tuned on, and may be neither judged on nor asked about."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.references import ModelVersion
from lifecycle.store.lake import lake
from lifecycle.table.parts import assign

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def parts_then(use_case: "UseCase", model: ModelVersion, info: pl.DataFrame) -> pl.Series:
    """The part that each row, old or new, has by the lines that were drawn for a model.

    Where the definition divides by another rule now, every row that was in the model's feature table counts as `train`,
    for nobody can tell any more, and every other as `gate`.

    Args:
        info: as in `Rows.info`.
    """
    parts = model.evaluated.trained.parts
    if model.division in ("", use_case.split.rule(use_case)):
        return assign(use_case, parts, info)
    there = lake().frame(f"SELECT _key FROM {use_case.name}.features AT (VERSION => {parts.features.version})")["_key"]
    return info.select(pl.when(pl.col("_key").is_in(there.implode())).then(pl.lit("train")).otherwise(pl.lit("gate")).alias("part")).to_series()


def seen(use_case: "UseCase", model: ModelVersion, info: pl.DataFrame) -> np.ndarray:
    """Whether a model was trained or tuned on each row."""
    return parts_then(use_case, model, info).is_in(["train", "tune"]).to_numpy()
