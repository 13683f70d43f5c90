"""The share of the target: whether labels that came are of other values than those of the training, whatever the inputs are."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.monitoring import drift, live_rows, recent
from lifecycle.monitoring.drift_windows import Window
from lifecycle.monitoring.live_labels import Live

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

COMPLETE = 0.8
"""Where fewer of a window's rows have a label, those that have may be of one kind: what is found fast, say."""


def label_windows(use_case: "UseCase", profile: Mapping[str, Any], live: Live, newest: dt.datetime | None) -> list[Window]:
    """The newest windows of labelled rows, compared with the training's target as inputs are (`lifecycle.stages.monitor`), oldest first.

    Returns:
        None where a profile says nothing of the target (it was made before it did), or labels are still missing for many rows.
    """
    reference, known, policy = profile.get("target"), live.known, use_case.monitoring
    if not reference or not known.height:
        return []
    time = known["_time"] if known["_time"].null_count() == 0 else None
    cut = live_rows.cut(use_case, known.height, time, newest, first=True)[-policy.of_windows :]
    if not cut or not _complete(live, known["_time"][cut[0].start], known["_time"][cut[-1].stop - 1], cut[-1].stop - cut[0].start):
        return []
    chosen = known[cut[0].start : cut[-1].stop]
    number = np.repeat(np.arange(len(cut)), [window.stop - window.start for window in cut])
    values = pl.DataFrame({use_case.target: chosen["_target"]})
    counts = drift.counted(reference, values, None, number, len(cut), None if time is None else chosen["_time"])
    effects = drift.of_windows(reference, counts, policy=policy)
    times = [(known["_time"][window][0], known["_time"][window][-1]) for window in cut]
    together = recent.together(reference, counts, policy)
    return [Window.of(each, together if at == len(cut) - 1 else {}, *times[at], cut[at].stop - cut[at].start) for at, each in enumerate(effects)]


def _complete(live: Live, since: Any, until: Any, rows: int) -> bool:
    waiting = live.waiting
    if since is not None and until is not None:
        waiting = waiting.filter(pl.col("_time").is_between(since, until))
    return rows >= COMPLETE * (rows + waiting.height)
