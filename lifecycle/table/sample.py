"""Sample: parts with more rows than the definition wants are thinned by a hash of the key, the same rows every time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.references import Features
from lifecycle.store.lake import lake
from lifecycle.table import chunks, feature_table

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

LABELLED = "labelled"
"""All rows whose label was known when the lines were drawn, whatever their part: the deployed model is fitted on these, on as many as
the judged one has of train and tune together."""
SURE = 2_000_000
"""So many rows of the gate make an interval as narrow as anybody wants: it is thinned to no fewer."""


def sampled(use_case: "UseCase", features: Features, parts: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Of each part with too many rows: below which draw a row is used (`sample`), and how many rows these are (`used`).

    Args:
        use_case: the definition, with its `most_rows`.
        features: the table.
        parts: by part, which rows of it are in it.
    """
    limits = {part: use_case.most_rows for part in parts} | {"gate": max(use_case.most_rows, SURE), LABELLED: 2 * use_case.most_rows}
    large = [part for part, inside in parts.items() if inside.sum() > limits[part]]
    if not large:
        return {}
    drawn = draws(use_case, feature_table.columns(use_case, features, ["_key"])["_key"])
    sample = {part: float(np.partition(drawn[parts[part]], limits[part])[limits[part]]) for part in large}
    used = {part: int((drawn[parts[part]] < limit).sum()) for part, limit in sample.items()}
    return {"sample": sample, "used": used}


def draws(use_case: "UseCase", keys: pl.Series) -> np.ndarray:
    """A number in [0, 1) for each key, which has nothing to do with the part that its row is in."""
    cursor = lake().aside()
    cursor.register("lifecycle_keys", keys.alias("key").to_frame().to_arrow())
    draw = chunks.uniform(f"'{use_case.seed}/sample/' || key")
    return cursor.sql(f"SELECT {draw} AS draw FROM lifecycle_keys").pl()["draw"].to_numpy()
