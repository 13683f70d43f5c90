"""The baseline of what has an order: nothing changes, so the last known label is said again (persistence)."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.predictions import Predictions
from lifecycle.references import Parts
from lifecycle.table import feature_table

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MAX_ROWS = 200_000
"""Of the rows before those that are judged so many, the newest, say how often a label is followed by which."""


def last_label(use_case: "UseCase", parts: Parts, judged: Predictions) -> Predictions | None:
    """For each judged row what was known last before it, of its own entity where there are some; `None` where rows have no order.

    Whatever is said of a row rests on rows before it whose labels were known by then: by their `label_time`, else after the split's gap.
    """
    if not use_case.target:
        return None
    entity = next(iter(use_case.columns.having("entity")), None)
    names = list(dict.fromkeys(use_case.split.reads(use_case) + ([entity] if entity else [])))
    if use_case.columns.one("time"):
        names.append("_time")
    info = feature_table.columns(use_case, parts.features, names).filter(pl.col(use_case.target).is_not_null())
    found, asked = (use_case.split.last_known(use_case, each) for each in (info, judged.rows.info))
    if found is None or asked is None:
        return None
    place, known = found
    y = use_case.kind.encode(use_case, info[use_case.target])
    whose = [each[entity] if entity else pl.repeat(0, each.height, eager=True) for each in (info, judged.rows.info)]
    before = np.flatnonzero(place < asked[0].min())
    before = before[np.argsort(place[before], kind="stable")][-MAX_ROWS:]
    seen = _last(place, known, whose[0], place[before], whose[0][before])
    there = seen >= 0
    at = _last(place, known, whose[0], asked[0], whose[1])
    said = use_case.kind.repeated(y[at], at >= 0, (y[seen[there]], y[before[there]]))
    said = None if said is None else use_case.operating_point.beside(said, judged.rows.info)
    return None if said is None else Predictions(judged.rows, (said,) * len(judged.predictions), {})


def _last(place: np.ndarray, known: np.ndarray, whose: pl.Series, now: np.ndarray, of: pl.Series) -> np.ndarray:
    """For each moment `now` the position of the newest row before it whose label was known by then, of the same entity; -1: there is none."""
    frame = pl.DataFrame({"place": place, "known": known + 1, "whose": whose, "at": np.arange(len(place))}, strict=False)
    frame = frame.drop_nulls("known").sort("known", "place", "at")
    newest = pl.when(pl.col("place") == pl.col("place").cum_max()).then("at").forward_fill()
    frame = frame.select("known", "whose", newest.over("whose").alias("at"))
    asked = pl.DataFrame({"known": now, "whose": of}).with_row_index("row").sort("known")
    found = asked.join_asof(frame, on="known", by="whose", strategy="backward", check_sortedness=False)
    return found.sort("row")["at"].fill_null(-1).to_numpy()
