"""Drift: how often it is seen where there is none, how soon where there is some, and what looking costs.

`python -m benchmarks.drift cost [rows] [columns]`: making a profile, and comparing with it, beside the least that must be done. The floor bins
every column once (Polars `cut` at ten quantiles, or counting categories) and computes its PSI: no limits, no nulls, one effect.

`python -m benchmarks.drift alarms`: worlds that never change (normal, heavy-tailed, discrete, rare categories, AR(1), hours and weekdays) with 5
and 100 columns, in windows of 200 to 1,000,000 rows: the share of windows that look bad, which is stated to be
`monitoring.false_alarms`, and of those at which an alarm is raised.

`python -m benchmarks.drift changes`: after how many windows a change raises an alarm, five calm windows having gone before.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl

from lifecycle import HashSplit, Query, UseCase, column
from lifecycle.dataset import Rows
from lifecycle.monitoring import drift, profile, recent
from lifecycle.monitoring.drift_windows import Window
from lifecycle.usecase import Monitoring

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


@dataclass(frozen=True)
class Case:
    """A world, and what becomes of it.

    Attributes:
        name: in words.
        made: inputs of so many rows, from a seed; after the change where `changed`.
        rows: of the reference.
        window: in rows.
        daily: how many rows a day has.
    """

    name: str
    made: Callable[[int, int, bool], pl.DataFrame]
    rows: int = 40_000
    window: int = 2_000
    daily: int = 1_000


def _moments(rows: int, daily: int) -> pl.Series:
    return pl.Series((np.arange(rows) * (86_400_000_000 // daily)) + 1_767_225_600_000_000).cast(pl.Datetime("us"))


def _use_case(window: int, policy: dict[str, Any]) -> UseCase:
    return UseCase(
        name="drifting", title="drift", problem="binary", schema=Row, source=Query(""), features=lambda frame: frame, split=HashSplit(),
        monitoring=Monitoring(window=window, **policy),
    )  # fmt: skip


def kinds(columns: int) -> dict[str, Callable[[int, np.random.Generator, np.ndarray], pl.DataFrame]]:
    """Worlds that never change, by name: columns of n rows at moments in days."""

    def frame(make: Callable[[], np.ndarray]) -> pl.DataFrame:
        return pl.DataFrame({f"c{i}": make() for i in range(columns)})

    def carried(rows: int, random: np.random.Generator) -> np.ndarray:
        from scipy.signal import lfilter

        return np.asarray(lfilter([1], [1, -0.9], random.normal(size=rows + 200)))[200:]

    def rare(rows: int, random: np.random.Generator) -> np.ndarray:
        return random.choice(list("abcdef"), rows, p=[0.5, 0.3, 0.15, 0.046, 0.002, 0.002])

    def seasonal(rows: int, random: np.random.Generator, day: np.ndarray) -> np.ndarray:
        return random.normal(size=rows) + np.sin(2 * np.pi * day) + 1.5 * (np.floor(day) % 7 > 4)

    return {
        "normal": lambda rows, random, day: frame(lambda: random.normal(size=rows)),
        "heavy tails": lambda rows, random, day: frame(lambda: random.standard_t(2, rows)),
        "discrete": lambda rows, random, day: frame(lambda: random.poisson(0.7, rows)),
        "rare categories": lambda rows, random, day: frame(lambda: rare(rows, random)),
        "AR(1), 0.9": lambda rows, random, day: frame(lambda: carried(rows, random)),
        "hours and weekdays": lambda rows, random, day: frame(lambda: seasonal(rows, random, day)),
    }


def false_alarms(columns: int, window: int, rows: int, repeats: int = 5, windows: int = 60, policy: dict[str, Any] | None = None) -> None:
    """Print how often a window looks bad, and how often there is an alarm, where nothing changes."""
    rate = Monitoring(**(policy or {})).false_alarms
    for name, make in kinds(columns).items():
        bad, alarms, total = 0, 0, 0
        for seed in range(repeats):
            case = Case(name, lambda n, s, changed, make=make: make(n, np.random.default_rng(s), np.arange(n) / 1_000), rows, window)
            judged = watch(case, seed, windows, 0, policy or {})
            bad, total = bad + sum(one.bad for one in judged), total + len(judged)
            alarms += sum(bool(recent.raised(judged[: i + 1], Monitoring(**(policy or {})))) for i in range(len(judged)))
        print(
            f"{columns:4} columns, windows of {window:9,}: {name:20} bad {bad / total:.4f} (stated {rate}), in alarm {alarms / total:.4f}", flush=True
        )


def watch(case: Case, seed: int, calm: int, changed: int, policy: dict[str, Any]) -> list[Window]:
    """The windows of a world after its training, so many calm ones and then changed ones, as `lifecycle.stages.monitor` judges them."""
    use_case = _use_case(case.window, policy)
    X = case.made(case.rows, 10_000 + seed, False)
    train = Rows(X, np.zeros(case.rows), pl.DataFrame({"_time": _moments(case.rows, case.daily)}))
    chance = np.random.default_rng(seed).beta(1, 8, 10_000)
    made = profile.reference(use_case, train, pl.DataFrame({"prediction": (chance > 0.5).astype(np.int8), "probability": chance}))
    pieces = [
        case.made(many * case.window, 20_000 + 1_000 * seed + is_changed, bool(is_changed)) for is_changed, many in enumerate((calm, changed)) if many
    ]
    now = pl.concat(pieces)
    # whole weeks later, so that both pieces of a world with seasons begin where a week does
    moments = pl.concat([_moments(piece.height, case.daily) for piece in pieces]) + timedelta(days=7 * math.ceil(case.rows / case.daily / 7))
    counts = drift.counted(made, now, None, np.arange(now.height) // case.window, calm + changed, moments)
    found: list[Window] = []
    for at, effects in enumerate(drift.of_windows(made, counts, policy=use_case.monitoring)):
        newest = counts.taken(range(max(at + 1 - use_case.monitoring.of_windows, 0), at + 1))
        found.append(Window.of(effects, recent.together(made, newest, use_case.monitoring), None, None, case.window))
    return found


def changes() -> list[Case]:
    """What is to be found within five windows."""

    def plain(rows: int, random: np.random.Generator, columns: int) -> dict[str, Any]:
        return {f"c{i}": random.normal(size=rows) for i in range(columns)}

    def rare(rows: int, seed: int, changed: bool) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        p = 0.004 if changed else 0.002
        return pl.DataFrame(plain(rows, random, 20) | {"kind": random.choice(list("abcd"), rows, p=[0.6, 0.3, 0.1 - p, p])})

    def shift(columns: int) -> Callable[[int, int, bool], pl.DataFrame]:
        def made(rows: int, seed: int, changed: bool) -> pl.DataFrame:
            found = pl.DataFrame(plain(rows, np.random.default_rng(seed), columns))
            return found.with_columns(c0=pl.col("c0") + 0.1 * changed)

        return made

    def flip(rows: int, seed: int, changed: bool) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        both = plain(rows, random, 20)
        return pl.DataFrame(both | {"c1": (-1 if changed else 1) * 0.5 * both["c0"] + 0.75**0.5 * both["c1"]})

    def by_kind(rows: int, seed: int, changed: bool) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        both, kind = plain(rows, random, 20), random.choice(list("abc"), rows)
        return pl.DataFrame(both | {"kind": kind, "c1": both["c1"] + (1 if not changed else -1) * (kind == "a")})

    def season(rows: int, seed: int, changed: bool) -> pl.DataFrame:
        return kinds(5)["hours and weekdays"](rows, np.random.default_rng(seed), np.arange(rows) / 1_000).with_columns(
            c0=pl.col("c0") + 1.0 * changed
        )

    return [
        Case("a class of 0.2 % becomes one of 0.4 %", rare, rows=100_000, window=20_000),
        Case("+0.1 sd in one of 5 columns", shift(5), rows=100_000),
        Case("+0.1 sd in one of 100 columns", shift(100), rows=100_000),
        Case("+0.1 sd in one of 20 columns, windows of 100,000", shift(20), rows=200_000, window=100_000),
        Case("a correlation of 0.5 becomes -0.5", flip),
        Case("a category's relation to a number turns round", by_kind),
        Case("+1 sd over hours and weekdays, windows of a day", season, rows=60_000, window=1_000),
    ]


def delays(repeats: int = 5, windows: int = 5) -> None:
    """Print after how many windows each change raises an alarm, beginning from the first one after it."""
    policy = Monitoring()
    for case in changes():
        found = []
        for seed in range(repeats):
            judged = watch(case, seed, policy.of_windows, windows, {})
            first = [i + 1 for i in range(windows) if recent.raised(judged[: policy.of_windows + i + 1], policy)]
            found.append(first[0] if first else None)
        said = ", ".join("never" if one is None else str(one) for one in found)
        print(f"{case.name:52} found after {said} windows of {case.window:,}", flush=True)


def cost(rows: int = 1_000_000, columns: int = 35) -> None:
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


def alarms() -> None:
    """Print false alarms, from the cheapest cells on."""
    for columns, window, rows, repeats, windows in ALARMS:
        false_alarms(columns, window, rows, repeats, windows)


ALARMS = (
    (5, 2_000, 40_000, 6, 50),
    (5, 200, 40_000, 6, 100),
    (100, 2_000, 40_000, 2, 50),
    (100, 200, 40_000, 2, 100),
    (5, 20_000, 100_000, 3, 30),
    (5, 1_000_000, 200_000, 2, 5),
)
"""Columns, rows of a window and of the reference, worlds, and windows of each."""


if __name__ == "__main__":
    {"cost": cost, "alarms": alarms, "changes": delays}[sys.argv[1]](*(int(value) for value in sys.argv[2:]))
