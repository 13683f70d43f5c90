"""What is known by now of rows that a model answered for: its logged predictions joined by key to the labels that have come."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from lifecycle.dataset import Rows
from lifecycle.dependencies import clock
from lifecycle.dependencies.watched import holds_until
from lifecycle.monitoring import live_rows
from lifecycle.references import ModelVersion
from lifecycle.store.lake import lake
from lifecycle.table.membership import parts_then

if TYPE_CHECKING:
    import numpy as np

    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class Live:
    """Rows that a model met after its training, each once.

    Attributes:
        known: with a prediction and a label, oldest first: `_key`, `_time`, `_target`, `_known_at` (when the label came to hold, where
            that is known), the predictions, and `Rows.info`.
        waiting: with a prediction and no label yet, oldest first: `_key`, `_time` and the predictions.
        unscored: how many rows have no prediction yet.
        unknown_keys: how many keys have a label, and were never loaded nor asked about.
    """

    known: pl.DataFrame
    waiting: pl.DataFrame
    unscored: int
    unknown_keys: int


def live(use_case: "UseCase", model: ModelVersion, rows: Rows, unseen: "np.ndarray") -> Live:
    """The rows that a model has not seen and the gate has not judged, with what it said of them and what became of them.

    Labels come with the rows of the source and over HTTP. Of two for one row the one holds whose `label_time` is later, whenever it
    arrived. One over HTTP that has none counts from when it came; a row's own that has none is older than one over HTTP which came after
    the row's batch.
    """
    labels = sent(use_case)
    target = use_case.columns[use_case.target]
    own = _own(use_case, model, rows, unseen)
    own = _latest(use_case, own, labels)
    elsewhere = labels.join(rows.info.select("_key"), on="_key", how="anti")  # asked over HTTP, never loaded
    truth = pl.concat([own, elsewhere.with_columns(pl.col("_target").cast(target.dtype))], how="diagonal_relaxed")
    log = live_rows.logged(use_case, model).rename({"key": "_key", "time": "_logged"})
    scored = _timed(truth.join(log, on="_key", how="inner"))
    asked = _timed(log.join(rows.info.select("_key"), on="_key", how="anti").join(elsewhere.select("_key"), on="_key", how="anti"))
    known = scored.filter(pl.col("_target").is_not_null())
    known = use_case.operating_point.beside(known, known)
    waiting = pl.concat([scored.filter(pl.col("_target").is_null()), asked], how="diagonal_relaxed").sort("_time", "_key")
    return Live(known, waiting, own.height - own.join(log, on="_key", how="semi").height, _unknown(use_case))


def _timed(frame: pl.DataFrame) -> pl.DataFrame:
    moment = pl.coalesce("_time", "_logged") if "_time" in frame.columns else pl.col("_logged")
    return frame.with_columns(_time=moment.cast(pl.Datetime("us"))).sort("_time", "_key")


def _own(use_case: "UseCase", model: ModelVersion, rows: Rows, unseen: "np.ndarray") -> pl.DataFrame:
    """Unseen rows that the gate has not judged: `Rows.info` with `_target`, null where it is not known yet, and `_known_at`."""
    fresh = rows.info[unseen]
    if not model.evaluated.trained.judged_sha256:  # it was not fitted on the rows that it was judged on: they are unseen, and are the promise
        before = model.evaluated.trained.parts.features.version
        gate = parts_then(use_case, model, rows.info)[unseen] == "gate"
        there = lake().frame(f"SELECT _key FROM {use_case.name}.features AT (VERSION => {before})")["_key"]
        fresh = fresh.filter(~(gate & fresh["_key"].is_in(there.implode())))
    label_time = use_case.columns.one("label_time")
    known, moment = pl.col(use_case.target), pl.lit(None, pl.Datetime("us"))
    if label_time:
        moment = pl.col(label_time).cast(pl.Datetime("us"))
        if rows.time is not None:
            known = pl.when(pl.col(label_time) <= rows.time.max()).then(known)
    return fresh.with_columns(_target=known, _known_at=pl.when(known.is_not_null()).then(moment))


def _latest(use_case: "UseCase", own: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Rows with the label that holds: their own, or one that came over HTTP."""
    later = labels.select("_key", _later="_target", _later_at="_known_at", _said_at="_said_at", _received_at="_received_at")
    both = own.join(later, on="_key", how="left")
    if both["_later"].null_count() == both.height:
        return own
    unsaid = pl.col("_later").is_not_null() & pl.col("_target").is_not_null() & pl.col("_known_at").is_null()
    both = both.join(_loaded(use_case, both.filter(unsaid)["_key"]), on="_key", how="left")
    newer = (
        pl.when(pl.col("_known_at").is_null())
        .then(pl.col("_received_at") >= pl.col("_loaded_at"))
        .otherwise(pl.col("_said_at") >= pl.col("_known_at"))
    )
    takes = pl.col("_later").is_not_null() & (pl.col("_target").is_null() | newer.fill_null(True))
    both = both.with_columns(
        _target=pl.when(takes).then("_later").otherwise("_target"), _known_at=pl.when(takes).then("_later_at").otherwise("_known_at")
    )
    return both.drop("_later", "_later_at", "_said_at", "_received_at", "_loaded_at")


def _loaded(use_case: "UseCase", keys: pl.Series) -> pl.DataFrame:
    """When rows came, whose own labels say nothing of their moment: `_key`, `_loaded_at` in UTC."""
    if not len(keys):
        return pl.DataFrame(schema={"_key": pl.String, "_loaded_at": pl.Datetime("us")})
    from lifecycle.table.raw import key_sql

    found = lake().frame(
        f"""SELECT {key_sql(use_case)} AS _key, max(loaded_at AT TIME ZONE 'UTC') AS _loaded_at
        FROM {use_case.name}.raw JOIN {use_case.name}.batches ON _batch = batch GROUP BY 1"""
    )
    return found.filter(pl.col("_key").is_in(keys.implode())).with_columns(pl.col("_loaded_at").cast(pl.Datetime("us")))


def sent(use_case: "UseCase") -> pl.DataFrame:
    """Of each key in the lake's table `labels` the one that holds; one whose time has not come is left out.

    Returns:
        `_key`, `_target`, `_known_at` (its `label_time`), `_received_at`, `_said_at`: the first of these two that is known, and
        `_first_received_at`: when the first label of the key came.
    """
    kind = use_case.columns[use_case.target].sql_type
    now = clock.utc()
    holds_until(use_case, lake().value(f"SELECT min(label_time) FROM {use_case.name}.labels WHERE label_time > ?", [now]))
    return (
        lake()
        .frame(
            f"""SELECT key AS _key, TRY_CAST(target AS {kind}) AS _target, label_time AS _known_at,
            received_at AT TIME ZONE 'UTC' AS _received_at, min(_received_at) OVER (PARTITION BY key) AS _first_received_at, coalesce(label_time, received_at AT TIME ZONE 'UTC') AS _said_at
        FROM {use_case.name}.labels WHERE (label_time IS NULL OR label_time <= ?) AND TRY_CAST(target AS {kind}) IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY key ORDER BY _said_at DESC, received_at DESC) = 1""",
            [now],
        )
        .with_columns(pl.col("_known_at", "_said_at", "_received_at", "_first_received_at").cast(pl.Datetime("us")))
    )


def _unknown(use_case: "UseCase") -> int:
    """How many keys have a label, and are of no row and no prediction."""
    name = use_case.name
    return int(
        lake().value(
            f"""SELECT count(DISTINCT key) FROM {name}.labels AS label WHERE NOT EXISTS (SELECT 1 FROM {name}.features WHERE _key = label.key)
            AND NOT EXISTS (SELECT 1 FROM {name}.predictions AS answer WHERE answer.key = label.key)"""
        )
    )
