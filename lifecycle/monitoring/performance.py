"""How well a model does on rows whose truth became known after it was judged, beside what the gate promised."""

import datetime as dt
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import Predictions
from lifecycle.evaluation.resample import clusters, intervals
from lifecycle.monitoring import live_rows
from lifecycle.references import LabelAge, LiveCalibration, LiveCoverage, LivePerformance, LiveWindow

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

SURE = 0.1
"""An alarm is held to this share of the rate of false alarms: it is looked for with every few new labels, long before a window is whole."""
PIECES = 5
"""A window of labelled rows is looked at in so many pieces, of a day at least where it is a span of time;"""
DAY = dt.timedelta(days=1)
MAX_ROWS = 200_000
"""A stretch of windows that is judged as one has no more rows, unless it has no more windows than an alarm needs."""
AGES = 3
"""Labels are divided into so many groups by how long they took."""


def performance(
    use_case: "UseCase", known: pl.DataFrame, newest: dt.datetime | None, holdout: dict[str, float], around: dict[str, tuple[float, float]]
) -> LivePerformance | None:
    """The metric on the newest windows of labelled rows, with its interval, beside the promise.

    Labelled rows are looked at in pieces of a window. The newest `monitoring.bad_windows` pieces are judged as one, and twice, four
    times, ... as many: a small loss needs more rows to be seen than a large one, and a stretch that reaches back behind the change would
    hide it. `worse`: the live value of the newest windows, or of one of these stretches, falls short of the promise by more than chance
    explains, both being uncertain, at the policy's rate of false alarms over all of them. `drifted`: at a tenth of that rate, and it was
    below the promise in `bad_windows` of the newest `of_windows` pieces.

    Args:
        use_case: the definition.
        known: labelled rows with their predictions, oldest first (`lifecycle.monitoring.live_labels.Live.known`).
        newest: the time that the data has reached.
        holdout: the metrics on the gate's rows: the promise.
        around: their intervals.

    Returns:
        `None` where no label has come. The value is that of the stretch that falls short the most, else of the newest windows.
    """
    policy, metric = use_case.monitoring, use_case.kind.live_metric(use_case.metric)
    time = known["_time"] if known["_time"].null_count() == 0 else None
    windows = live_rows.cut(use_case, known.height, time, newest, first=True)[-policy.bad_windows :]
    promised = holdout.get(metric)
    if not windows or promised is None:
        return None
    pieces = live_rows.cut(use_case, known.height, time, newest, first=True, window=_piece(policy.window))
    stretches = [slice(windows[0].start, windows[-1].stop), *_stretches(pieces, policy.bad_windows)]
    judged = [(stretch, *_judge(use_case, metric, known[stretch])) for stretch in {(each.start, each.stop): each for each in stretches}.values()]
    judged = [each for each in judged if each[1] is not None]
    if not judged:
        return None
    shortfalls = [_shortfall(use_case, metric, value, interval, promised, around.get(metric)) for _, value, interval in judged]
    most = max(range(len(judged)), key=lambda at: shortfalls[at])
    rate = policy.false_alarms / len(judged)
    worse = shortfalls[most] > _quantile(rate)
    stretch, value, interval = judged[most if worse else 0]
    together = known[stretch]
    newest_pieces = [_value(use_case, metric, known[piece]) for piece in pieces[-policy.of_windows :]]
    below = sum(one is None or use_case.kind.gain(metric, one, promised) < 0 for one in newest_pieces)
    found = LivePerformance(
        metric=metric,
        live=value,  # pyright: ignore[reportArgumentType]
        interval=interval,
        promised=promised,
        rows=together.height,
        worse=worse,
        drifted=shortfalls[most] > _quantile(rate * SURE) and below >= min(policy.bad_windows, len(pieces)),
        since=_text(together["_time"].min()),
        until=_text(together["_time"].max()),
        windows=tuple(
            LiveWindow(rows=window.stop - window.start, until=_text(known["_time"][window].max()), live=_value(use_case, metric, known[window]))
            for window in windows
        ),
        enough=len(windows) >= policy.bad_windows,
        ages=_ages(use_case, metric, together),
        calibration=_calibration(use_case, together),
        coverage=_coverage(use_case, together),
    )
    return found.model_copy(update={"selective_labels": use_case.selective_labels}) if use_case.selective_labels else found


def _piece(window: dt.timedelta | int) -> dt.timedelta | int:
    return min(max(window / PIECES, DAY), window) if isinstance(window, dt.timedelta) else window // PIECES


def _stretches(pieces: list[slice], least: int) -> list[slice]:
    """The newest pieces as one: as many as an alarm needs, and twice that, again and again."""
    found, many = [], min(least, len(pieces))
    while many <= len(pieces) and many:
        stretch = slice(pieces[-many].start, pieces[-1].stop)
        if found and stretch.stop - stretch.start > MAX_ROWS:
            break
        found.append(stretch)
        many = min(2 * many, len(pieces)) if many < len(pieces) else many + 1
    return found


def _value(use_case: "UseCase", metric: str, known: pl.DataFrame) -> float | None:
    return compute(use_case, use_case.kind.encode(use_case, known["_target"]), known, names=[metric]).get(metric)


def _judge(use_case: "UseCase", metric: str, known: pl.DataFrame) -> tuple[float | None, tuple[float, float] | None]:
    """The metric and its interval, `None` where they are not defined."""
    y = use_case.kind.encode(use_case, known["_target"])
    found = intervals(use_case, y, known, clusters(use_case, known), [metric]).get(metric)
    if found is None:
        return None, None
    return found.value, None if found.low is None or found.high is None else (found.low, found.high)


def _shortfall(
    use_case: "UseCase", metric: str, value: float | None, interval: Sequence[float] | None, promised: float, around: Sequence[float] | None
) -> float:
    """How far live falls short of the promise, in standard errors: the sides of both intervals that face each other, as independent errors."""
    if value is None or interval is None:
        return 0.0
    low, high = (0, 1) if use_case.kind.greater_is_better(metric) else (1, 0)
    sides = abs(interval[high] - value) ** 2 + (abs(promised - around[low]) ** 2 if around else 0.0)
    fall = -use_case.kind.gain(metric, value, promised)
    return fall / max(sides**0.5 / NormalDist().inv_cdf(0.975), 1e-12)


def _quantile(rate: float) -> float:
    return NormalDist().inv_cdf(1 - rate)


def _ages(use_case: "UseCase", metric: str, known: pl.DataFrame) -> tuple[LabelAge, ...]:
    """The metric by how long the labels took, in groups of equal size; none where they all took as long."""
    if "_known_at" not in known.columns:
        return ()
    dated = known.filter(pl.col("_known_at").is_not_null() & (pl.col("_known_at") >= pl.col("_time")))
    age = (dated["_known_at"] - dated["_time"]).dt.total_seconds().to_numpy() / 86_400
    if dated.height < AGES * live_rows.MIN_WINDOW_ROWS:
        return ()
    upto = np.unique(np.quantile(age, [(at + 1) / AGES for at in range(AGES)], method="inverted_cdf"))
    group = np.searchsorted(upto, age, side="left")
    found = [
        LabelAge(days=float(f"{upto[at]:.4g}"), rows=int((group == at).sum()), live=_value(use_case, metric, dated.filter(group == at)))
        for at in range(len(upto))
    ]
    return tuple(found) if len(found) > 1 and min(each.rows for each in found) >= live_rows.MIN_WINDOW_ROWS else ()


def _coverage(use_case: "UseCase", known: pl.DataFrame) -> LiveCoverage | None:
    """How often the intervals or sets of answers held the truth, where answers have some."""
    value, interval = _judge(use_case, "coverage", known) if "coverage" in use_case.kind.besides else (None, None)
    if value is None:
        return None
    low, high = interval or (None, None)
    return LiveCoverage(rows=known.height, stated=use_case.coverage, observed=value, low=low, high=high)


def _calibration(use_case: "UseCase", known: pl.DataFrame) -> LiveCalibration | None:
    """The mean probability beside what happened; clusters of rows that belong together are the witnesses."""
    y = use_case.kind.encode(use_case, known["_target"])
    found = use_case.kind.calibration(Predictions(Rows(known.select("_key"), y, known), (known,), {}))
    if found is None:
        return None
    of, happened, probability = found
    groups = clusters(use_case, known)
    missed = np.asarray(happened, float) - probability
    sums = np.bincount(groups.codes, missed - missed.mean(), minlength=groups.count)
    side = None
    if groups.count > 1:
        from scipy.special import stdtrit

        side = float(stdtrit(groups.count - 1, 0.975) * np.sqrt((sums**2).sum() * groups.count / (groups.count - 1)) / len(missed))
    observed = float(np.mean(happened))
    error = (
        compute(use_case, y, known, names=["calibration_error"]).get("calibration_error") if "calibration_error" in use_case.kind.metrics else None
    )
    low, high = (None, None) if side is None else (max(observed - side, 0.0), min(observed + side, 1.0))
    return LiveCalibration(of=of, rows=len(missed), probability=float(probability.mean()), observed=observed, low=low, high=high, error=error)


def _text(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, dt.datetime) else None
