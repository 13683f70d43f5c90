"""What a metric should be where no label has come yet, from the probabilities, and how far off that was where labels have."""

from typing import TYPE_CHECKING

import polars as pl

from lifecycle.monitoring.live_labels import Live
from lifecycle.monitoring.live_rows import MIN_WINDOW_ROWS
from lifecycle.references import PerformanceEstimate

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MAX_ROWS = 200_000
"""So many rows, the newest, are looked at."""


def estimate(use_case: "UseCase", live: Live) -> PerformanceEstimate | None:
    """The metric that is expected of the newest rows without a label: what it is if every probability is right.

    So it sees a change of the inputs that makes rows harder, and is blind to a change of what inputs mean. It is no better than the
    calibration: how far the same estimate is off on the newest rows with labels stands beside it.

    Returns:
        `None` where fewer than `MIN_WINDOW_ROWS` rows wait for a label, or the kind of problem has no such estimate.
    """
    waiting = live.waiting.tail(MAX_ROWS)
    if waiting.height < MIN_WINDOW_ROWS:
        return None
    found = use_case.kind.estimated(use_case, use_case.kind.live_metric(use_case.metric), waiting)
    if found is None:
        return None
    since, until = waiting["_time"].min(), waiting["_time"].max()
    return PerformanceEstimate(
        metric=found[0], expected=found[1], rows=waiting.height, since=_text(since), until=_text(until), error=_error(use_case, found[0], live.known)
    )


def _error(use_case: "UseCase", metric: str, known: pl.DataFrame) -> float | None:
    from lifecycle.evaluation.metrics import compute

    newest = known.tail(MAX_ROWS)
    if newest.height < MIN_WINDOW_ROWS:
        return None
    said = use_case.kind.estimated(use_case, metric, newest)
    truth = compute(use_case, use_case.kind.encode(use_case, newest["_target"]), newest, names=[metric]).get(metric)
    return None if said is None or truth is None else said[1] - truth


def _text(moment: object) -> str | None:
    return moment.isoformat() if moment is not None else None  # pyright: ignore[reportAttributeAccessIssue]
