"""How well a model does on rows whose truth became known after it was judged, beside what the gate promised."""

import datetime as dt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import polars as pl

from lifecycle.dataset import Rows
from lifecycle.dependencies import clock
from lifecycle.dependencies.watched import holds_until
from lifecycle.evaluation.resample import clusters, intervals
from lifecycle.monitoring import live_rows
from lifecycle.references import LivePerformance, LiveWindow, ModelVersion
from lifecycle.store.lake import lake
from lifecycle.table.membership import parts_then

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from lifecycle.usecase import UseCase


def performance(use_case: "UseCase", model: ModelVersion, rows: Rows, unseen: "np.ndarray") -> LivePerformance | None:
    """The metric on the newest windows of labelled rows, with its interval, beside the promise.

    Logged predictions are joined by key to the labels that are known by now: those of the feature table whose time has
    come, and those of the lake's table `labels`. The rows that the gate judged on count no more: they are the promise.
    As many windows as `monitoring.bad_windows` are looked at together. `worse`: the live value falls short of the promise
    by more than chance explains, both being uncertain, at the policy's rate of false alarms. `drifted`: and it was below
    the promise in each of these windows, and there were as many.

    Returns:
        `None` where no label has come.
    """
    metric = use_case.kind.live_metric(use_case.metric)
    known = _known(use_case, model, rows, unseen)
    time = known["_time"] if known["_time"].null_count() == 0 else None
    newest = _moment(rows.time.max()) if rows.time is not None and len(rows) else None
    windows = live_rows.cut(use_case, known.height, time, newest, first=True)[-use_case.monitoring.bad_windows :]
    promised = model.evaluated.holdout.get(metric)
    if not windows or promised is None:
        return None
    values = [_judge(use_case, metric, known[window])[0] for window in windows]
    together = known[windows[0].start : windows[-1].stop]
    value, interval = _judge(use_case, metric, together)
    if value is None:
        return None
    falls = [None if one is None else -use_case.kind.gain(metric, one, promised) for one in (value, *values)]
    worse = interval is not None and (falls[0] or 0) > _margin(use_case, metric, value, interval, promised, model.evaluated.intervals.get(metric))
    enough = len(windows) == use_case.monitoring.bad_windows
    found = LivePerformance(
        metric=metric,
        live=value,
        interval=interval,
        promised=promised,
        rows=together.height,
        worse=worse,
        drifted=worse and enough and all(fall is None or fall > 0 for fall in falls[1:]),
        since=_text(together["_time"].min()),
        until=_text(together["_time"].max()),
        windows=tuple(
            LiveWindow(rows=window.stop - window.start, until=_text(known["_time"][window].max()), live=one)
            for window, one in zip(windows, values, strict=True)
        ),
    )
    return found.model_copy(update={"selective_labels": use_case.selective_labels}) if use_case.selective_labels else found


def _judge(use_case: "UseCase", metric: str, known: pl.DataFrame) -> tuple[float | None, tuple[float, float] | None]:
    """The metric and its interval, `None` where they are not defined."""
    y = use_case.kind.encode(use_case, known["_target"])
    found = intervals(use_case, y, known, clusters(use_case, known), [metric]).get(metric)
    if found is None:
        return None, None
    return found.value, None if found.low is None or found.high is None else (found.low, found.high)


def _margin(use_case: "UseCase", metric: str, value: float, interval: "Sequence[float]", promised: float, around: "Sequence[float] | None") -> float:
    """How far live and promise may lie apart by chance: the sides of both intervals that face each other, as independent errors."""
    low, high = (0, 1) if use_case.kind.greater_is_better(metric) else (1, 0)
    sides = abs(interval[high] - value) ** 2 + (abs(promised - around[low]) ** 2 if around else 0.0)
    normal = NormalDist()
    return sides**0.5 * normal.inv_cdf(1 - use_case.monitoring.false_alarms) / normal.inv_cdf(0.975)


def _known(use_case: "UseCase", model: ModelVersion, rows: Rows, unseen: "np.ndarray") -> pl.DataFrame:
    """Logged predictions whose truth is known by now, oldest first: `_key`, `_time`, `_target`, the predictions, and `Rows.info`."""
    labels = _labels(use_case)
    target = use_case.columns[use_case.target]
    own = _truth(use_case, model, rows, unseen).join(labels.select("_key", _later="_target"), on="_key", how="left")
    own = own.with_columns(_target=pl.coalesce("_later", "_target")).drop("_later").filter(pl.col("_target").is_not_null())
    elsewhere = labels.join(rows.info.select("_key"), on="_key", how="anti")  # asked over HTTP, never loaded
    truth = pl.concat([own, elsewhere.with_columns(pl.col("_target").cast(target.dtype))], how="diagonal_relaxed")
    log = live_rows.logged(use_case, model).rename({"key": "_key", "time": "_logged"})
    known = truth.join(log, on="_key", how="inner")
    moment = pl.coalesce("_time", "_logged") if "_time" in known.columns else pl.col("_logged")
    known = known.with_columns(_time=moment.cast(pl.Datetime("us"))).sort("_time", "_key")
    return use_case.operating_point.beside(known, known)


def _truth(use_case: "UseCase", model: ModelVersion, rows: Rows, unseen: "np.ndarray") -> pl.DataFrame:
    """What is known of unseen rows that the gate has not judged: `Rows.info` with `_target`, null where it is not known."""
    before = model.evaluated.trained.parts.features.version
    gate = parts_then(use_case, model, rows.info)[unseen] == "gate"
    there = lake().frame(f"SELECT _key FROM {use_case.name}.features AT (VERSION => {before})")["_key"]
    info = rows.info[unseen]
    fresh = info.filter(~(gate & info["_key"].is_in(there.implode())))
    label_time = use_case.columns.one("label_time")
    known = pl.col(use_case.target)
    if label_time and rows.time is not None:
        known = pl.when(pl.col(label_time) <= rows.time.max()).then(known)
    return fresh.with_columns(_target=known)


def _labels(use_case: "UseCase") -> pl.DataFrame:
    """The newest label of each key in the lake's table `labels`: `_key`, `_target`; one whose time has not come is left out."""
    kind = use_case.columns[use_case.target].sql_type
    now = clock.utc()
    holds_until(use_case, lake().value(f"SELECT min(label_time) FROM {use_case.name}.labels WHERE label_time > ?", [now]))
    return lake().frame(
        f"""SELECT key AS _key, TRY_CAST(target AS {kind}) AS _target FROM {use_case.name}.labels
        WHERE (label_time IS NULL OR label_time <= ?) AND TRY_CAST(target AS {kind}) IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY key ORDER BY received_at DESC) = 1""",
        [now],
    )


def _moment(value: Any) -> dt.datetime | None:
    return value if isinstance(value, dt.datetime) else None


def _text(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, dt.datetime) else None
