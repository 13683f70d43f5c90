"""The baseline of what has an order: nothing changes, so the last known label is said again (persistence; in the same season: seasonal naive)."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import Predictions
from lifecycle.references import Parts
from lifecycle.table import feature_table

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

Followed = tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]
"""As `Kind.repeated` takes them."""
MAX_ROWS = 200_000
"""Of the rows before those that are judged so many, the newest, say how often a label is followed by which."""
MAX_ROWS_TRIED = 20_000
"""Of these so many, the newest, say whether the season matters."""
PERIODS = 3
"""So often a season must have come round for it to be tried."""
DAY = 86_400_000_000
SEASONS = {
    "hour of the day": (DAY, ("hour",)),
    "day of the week": (7 * DAY, ("weekday",)),
    "hour of the week": (7 * DAY, ("weekday", "hour")),
    "month of the year": (365 * DAY, ("month",)),
}
"""What comes round: after how many microseconds, and which parts of a moment say where one is in it."""


def last_label(use_case: "UseCase", parts: Parts, judged: Predictions) -> tuple[Predictions, str] | None:
    """For each judged row what was known last before it, of its own entity where there are some; `None` where rows have no order.

    Whatever is said of a row rests on rows before it whose labels were known by then: by their `label_time`, else after the split's gap.
    Where rows have a time, it is the last label of the same season (Hyndman & Athanasopoulos, "Forecasting", the seasonal naive method) if
    that would have been better for the rows before those that are judged; the season's name then stands beside, else an empty text.
    """
    if not use_case.target:
        return None
    entity = next(iter(use_case.columns.having("entity")), None)
    time = use_case.columns.one("time")
    names = list(dict.fromkeys(use_case.split.reads(use_case) + ([entity] if entity else [])))
    if time:
        names.append("_time")
    info = feature_table.columns(use_case, parts.features, names).filter(pl.col(use_case.target).is_not_null())
    found, asked = (use_case.split.last_known(use_case, each) for each in (info, judged.rows.info))
    if found is None or asked is None:
        return None
    place, known = found
    y = use_case.kind.encode(use_case, info[use_case.target])
    before = np.flatnonzero(place < asked[0].min())
    before = before[np.argsort(place[before], kind="stable")][-MAX_ROWS:]

    def followed(whose: pl.Series, rows: np.ndarray) -> Followed:
        """The last labels of these rows, and by which labels they were followed."""
        seen = _last(place, known, whose, place[rows], whose[rows])
        return y[seen], seen >= 0, (y[seen[seen >= 0]], y[rows[seen >= 0]])

    seasons = _seasons(entity, info, judged.rows.info) if time else {}
    season, whose = "", _whose(entity, (), info, judged.rows.info)
    if seasons:
        some = before[-MAX_ROWS_TRIED:]
        tried = {"": whose, **seasons}
        season = max(tried, key=lambda name: _worth(use_case, followed(tried[name][0], some), y[some]))
        whose = tried[season]
    at = _last(place, known, whose[0], asked[0], whose[1])
    said = use_case.kind.repeated(y[at], at >= 0, followed(whose[0], before)[2])
    if said is None:
        return None
    said = use_case.operating_point.beside(said, judged.rows.info)
    return Predictions(judged.rows, (said,) * len(judged.predictions), {}), season


def _seasons(entity: str | None, info: pl.DataFrame, asked: pl.DataFrame) -> dict[str, list[pl.Series]]:
    """Whose last label is said, by the seasons that have come round often enough: of all rows, and of those asked about."""
    moment = pl.col("_time")
    span = info.select(moment.max().cast(pl.Int64) - moment.min().cast(pl.Int64)).item() if info.height else 0
    return {
        season: _whose(entity, parts, info, asked)
        for season, (period, parts) in SEASONS.items()
        if (span or 0) >= PERIODS * period and all(info.select(_part(part).n_unique()).item() > 1 for part in parts)
    }


def _whose(entity: str | None, parts: tuple[str, ...], *frames: pl.DataFrame) -> list[pl.Series]:
    """What rows have in common whose labels follow each other: the entity, where there are some, and these parts of their moment."""
    names = [*([pl.col(entity)] if entity else []), *(_part(part) for part in parts)]
    if len(names) < 2:
        return [frame.select(*names).to_series() if names else pl.repeat(0, frame.height, eager=True) for frame in frames]
    return [frame.select(whose=pl.concat_str(names, separator="/")).to_series() for frame in frames]


def _part(part: str) -> pl.Expr:
    return getattr(pl.col("_time").dt, part)().cast(pl.Int64)


def _worth(use_case: "UseCase", followed: Followed, y: np.ndarray) -> float:
    """How good last labels would have been, larger is better: by the metric that decides, or by the problem's own where that asks what decisions cost."""
    metric = use_case.metric if use_case.metric in use_case.kind.metrics else use_case.kind.metric
    said = use_case.kind.repeated(*followed) if len(y) else None
    found = compute(use_case.kind, y, said, names=[metric]).get(metric) if said is not None else None
    return -np.inf if found is None else use_case.kind.gain(metric, found, 0.0)


def _last(place: np.ndarray, known: np.ndarray, whose: pl.Series, now: np.ndarray, of: pl.Series) -> np.ndarray:
    """For each moment `now` the position of the newest row before it whose label was known by then, of the same entity; -1: there is none."""
    frame = pl.DataFrame({"place": place, "known": known + 1, "whose": whose, "at": np.arange(len(place))}, strict=False)
    frame = frame.drop_nulls("known").sort("known", "place", "at")
    newest = pl.when(pl.col("place") == pl.col("place").cum_max()).then("at").forward_fill()
    frame = frame.select("known", "whose", newest.over("whose").alias("at"))
    asked = pl.DataFrame({"known": now, "whose": of}).with_row_index("row").sort("known")
    found = asked.join_asof(frame, on="known", by="whose", strategy="backward", check_sortedness=False)
    return found.sort("row")["at"].fill_null(-1).to_numpy()
