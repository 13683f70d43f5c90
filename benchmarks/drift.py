"""Drift of a million rows: making a profile, and comparing with it, beside the least that must be done.

The floor bins every column once (Polars `cut` at ten quantiles, or counting categories) and computes its PSI: no limits,
no nulls, one effect. Run: `python -m benchmarks.drift [rows] [columns]`.
"""

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl

from lifecycle import HashSplit, Query, UseCase, column
from lifecycle.dataset import Rows
from lifecycle.monitoring import drift, profile

PAIRS = 5


class Row(pa.DataFrameModel):
    """What a use case needs at least."""

    at: datetime = column("time")
    y: bool = column("target")


def world(rows: int, columns: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Inputs (every third column whole numbers, the last one categories) and predictions."""
    random = np.random.default_rng(seed)
    X = {f"c{i}": random.poisson(3, rows) if i % 3 == 0 else random.normal(size=rows) for i in range(columns - 1)}
    chance = random.beta(1, 8, rows)
    return pl.DataFrame(X | {"kind": random.choice(list("abcdefgh"), rows)}), pl.DataFrame({"prediction": chance > 0.5, "probability": chance})


def floor(reference: pl.DataFrame, now: pl.DataFrame) -> dict[str, float]:
    """The PSI of every column, bare."""
    found = {}
    for name in reference.columns:
        series = [frame[name] for frame in (reference, now)]
        if series[0].dtype.is_numeric():
            edges = np.unique(np.quantile(series[0].head(50_000).to_numpy(), np.arange(0.1, 1, 0.1))).tolist()
            series = [one.cut(edges) for one in series]
        counts = [one.value_counts().rename({"count": f"n{i}"}) for i, one in enumerate(series)]
        p, q = counts[0].join(counts[1], on=name).select((pl.col(n) / pl.col(n).sum()) for n in ("n0", "n1")).to_numpy().T
        found[name] = float(((q - p) * np.log(q / p)).sum())
    return found


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main(rows: int = 1_000_000, columns: int = 35) -> None:
    """Print the median of interleaved runs."""
    before, now = world(rows, columns, 1), world(rows, columns, 2)
    use_case = UseCase(
        name="drifting", title="drift", problem="binary", schema=Row, source=Query(""), features=lambda frame: frame, split=HashSplit()
    )
    start = datetime(2026, 1, 1)
    times = pl.datetime_range(start, start + timedelta(seconds=rows - 1), "1s", eager=True)
    train = Rows(before[0], np.zeros(rows), pl.DataFrame({"_time": times}))
    made = profile.reference(use_case, train, before[1])
    works = {
        "floor: bin both, one PSI": lambda: floor(before[0], now[0]),
        "profile.reference (with limits)": lambda: profile.reference(use_case, train, before[1]),
        "drift.effects (one window)": lambda: drift.effects(made, *now),
        "drift.by_window (500 windows)": lambda: drift.by_window(made, *now, np.arange(rows) * 500 // rows, 500),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(PAIRS):
        for name, work in works.items():
            taken[name].append(seconds(work))
    base = np.median(taken["floor: bin both, one PSI"], axis=0)
    print(f"{rows:,} rows x {columns} columns, median of {PAIRS}")
    for name, values in taken.items():
        wall, cpu = np.median(values, axis=0)
        print(f"{name:34} {wall:6.2f} s wall {cpu:6.2f} s CPU {wall / base[0]:5.2f} x floor wall {cpu / base[1]:5.2f} x CPU")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:]))
