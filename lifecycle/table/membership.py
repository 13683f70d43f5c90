"""Which rows the two fits of a version have seen: what they say of these is memory."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.references import ModelVersion
from lifecycle.store.lake import lake
from lifecycle.table import feature_table
from lifecycle.table.parts import assign, labelled

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
        return _by_whole_table(use_case, model, info) if use_case.split.whole else assign(use_case, parts, info)
    there = lake().frame(f"SELECT _key FROM {use_case.name}.features AT (VERSION => {parts.features.version})")["_key"]
    return info.select(pl.when(pl.col("_key").is_in(there.implode())).then(pl.lit("train")).otherwise(pl.lit("gate")).alias("part")).to_series()


def _by_whole_table(use_case: "UseCase", model: ModelVersion, info: pl.DataFrame) -> pl.Series:
    """The parts of rows as the whole table of then has them; what has come since was in none, and can be judged by."""
    parts = model.evaluated.trained.parts
    names = ["_key", "_hash", *(["_time"] if use_case.columns.one("time") else []), *use_case.split.reads(use_case)]
    table = feature_table.beside(use_case, parts.features, names)
    if table is None:
        return pl.repeat("train", info.height, eager=True).alias("part")
    then = table.select("_key", assign(use_case, parts, table))
    return info.select("_key").join(then, on="_key", how="left", maintain_order="left")["part"].fill_null("gate")


def fitted(use_case: "UseCase", model: ModelVersion) -> pl.DataFrame:
    """The keys (`_key`) of the rows that the deployed fit of a version was fitted on: all whose label was known by then.

    Where the definition divides by another rule now, or has lost a column that the lines were drawn by: all rows of its feature table.
    """
    trained = model.evaluated.trained
    features, same = trained.parts.features, model.division in ("", use_case.split.rule(use_case))
    time = ["_time"] if use_case.columns.one("time") else []
    info = feature_table.beside(use_case, features, ["_key", "_hash", *time, *use_case.split.reads(use_case)]) if same else None
    if info is None:
        return lake().frame(f"SELECT _key FROM {use_case.name}.features AT (VERSION => {features.version})")
    if trained.judged_sha256:
        return info.filter(labelled(use_case, trained.parts, info)).select("_key")
    return info.filter(assign(use_case, trained.parts, info).is_in(["train", "tune"])).select("_key")


def seen(use_case: "UseCase", model: ModelVersion, info: pl.DataFrame) -> np.ndarray:
    """Whether the judged fit of a version was fitted, or tuned, on each row."""
    return parts_then(use_case, model, info).is_in(["train", "tune"]).to_numpy()
