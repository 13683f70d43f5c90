"""When windows are a drift: several bad ones among the newest, or a small change that they show together."""

import datetime as dt

import numpy as np
import polars as pl

from lifecycle.dataset import Rows
from lifecycle.monitoring import drift, profile, recent
from lifecycle.monitoring.drift_windows import Window
from lifecycle.usecase import Monitoring
from tests.toys import START, toy

ROWS, WINDOW = 40_000, 2_000
POLICY = Monitoring(window=WINDOW)


def windows(X: pl.DataFrame, now: pl.DataFrame, time: pl.Series | None = None, later: pl.Series | None = None, size: int = WINDOW) -> list[Window]:
    """The windows of new rows as the stage judges them, one after the other."""
    info = pl.DataFrame(
        {"_key": pl.Series(range(X.height)).cast(pl.String)} | ({"customer": np.arange(X.height)} if time is None else {"_time": time})
    )
    chance = np.random.default_rng(3).random(4_000)
    said = pl.DataFrame({"prediction": (chance > 0.5).astype(np.int8), "probability": chance})
    made = profile.reference(toy("recent", monitoring=Monitoring(window=size)), Rows(X, np.zeros(X.height), info), said)
    number = now.height // size
    counts = drift.counted(made, now, None, np.arange(now.height) // size, number, later)
    found = []
    for at, effects in enumerate(drift.of_windows(made, counts, policy=POLICY)):
        newest = counts.taken(range(max(at + 1 - POLICY.of_windows, 0), at + 1))
        found.append(Window.of(effects, recent.together(made, newest, POLICY), None, None, size))
    return found


def alarm_after(found: list[Window], calm: int) -> int | None:
    """After how many changed windows there is an alarm."""
    raised = [bool(recent.raised(found[: at + 1], POLICY)) for at in range(len(found))]
    assert not any(raised[:calm])
    return next((at + 1 - calm for at in range(calm, len(found)) if raised[at]), None)


def numbers(rows: int, seed: int, columns: int = 6) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {f"c{i}": random.normal(size=rows) for i in range(columns)}


def window(bad: bool) -> Window:
    return Window(None, None, WINDOW, 0.0, 0.1, bad, {})


def test_bad_windows_need_not_follow_each_other_and_old_ones_raise_no_alarm():
    bad, good = window(True), window(False)
    assert recent.raised([bad, good, bad, good, bad], POLICY)
    assert not recent.raised([bad, bad, good, good, good, bad, bad], POLICY)
    assert not recent.raised([bad, bad, bad, good], POLICY)  # it is over


def test_a_tenth_of_a_standard_deviation_is_found_within_five_windows_and_named():
    calm, changed = pl.DataFrame(numbers(5 * WINDOW, 2)), pl.DataFrame(numbers(5 * WINDOW, 3)).with_columns(pl.col("c1") + 0.1)
    found = windows(pl.DataFrame(numbers(100_000, 1)), pl.concat([calm, changed]))
    assert alarm_after(found, 5)
    assert "c1" in found[-1].found | found[-1].together
    assert found[-1].max < 0.05  # an index over all cells sees next to nothing


def test_a_rare_class_that_doubles_is_found_and_named():
    def kind(rows: int, seed: int, share: float) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        return pl.DataFrame(numbers(rows, seed, 3) | {"kind": random.choice(list("abc"), rows, p=[0.7, 0.3 - share, share])})

    now = pl.concat([kind(100_000, 2, 0.002), kind(100_000, 3, 0.004)])
    found = windows(kind(100_000, 1, 0.002), now, size=20_000)
    assert alarm_after(found, 5)
    assert "'c'" in (found[-1].found | found[-1].together)["kind"].said


def test_a_correlation_that_turns_round_is_found_with_its_columns_though_no_column_changes():
    def pair(rows: int, seed: int, sign: int) -> pl.DataFrame:
        made = numbers(rows, seed)
        return pl.DataFrame(made | {"c1": sign * 0.5 * made["c0"] + 0.75**0.5 * made["c1"]})

    found = windows(pair(ROWS, 1, 1), pl.concat([pair(5 * WINDOW, 2, 1), pair(3 * WINDOW, 3, -1)]))
    assert alarm_after(found, 5) == 3
    assert list(found[-1].found) == ["c0 ~ c1"]
    assert "correlation -0." in found[-1].found["c0 ~ c1"].said


def test_the_relation_of_a_category_to_a_number_is_watched():
    def both(rows: int, seed: int, sign: int) -> pl.DataFrame:
        made, kind = numbers(rows, seed), np.random.default_rng(seed).choice(list("abc"), rows)
        return pl.DataFrame(made | {"kind": kind, "c1": made["c1"] + sign * (kind == "a") - sign * (kind == "b")})

    found = windows(both(ROWS, 1, 1), pl.concat([both(5 * WINDOW, 2, 1), both(3 * WINDOW, 3, -1)]))
    assert alarm_after(found, 5) == 3
    assert next(iter(found[-1].found)) == "c1 ~ kind"


def test_weekends_are_compared_with_weekends_so_that_a_lasting_shift_is_seen_at_once():
    def days(number: int, seed: int, shift: float) -> tuple[pl.DataFrame, pl.Series]:
        rows = number * 500
        day = np.arange(rows) / 500
        time = pl.Series([START]).dt.epoch()[0] + (day * 86_400_000_000).astype(np.int64)
        made = {name: values + np.sin(2 * np.pi * day) + 2 * (np.floor(day) % 7 > 4) for name, values in numbers(rows, seed, 3).items()}
        return pl.DataFrame(made | {"c0": made["c0"] + shift}), pl.Series(time).cast(pl.Datetime("us"))

    (before, time), (calm, _), (changed, _) = days(63, 1, 0.0), days(7, 2, 0.0), days(7, 3, 1.0)
    later = days(14, 0, 0.0)[1] + dt.timedelta(days=63)
    found = windows(before, pl.concat([calm, changed]), time, later, size=500)
    assert not any(one.bad for one in found[:7])
    assert alarm_after(found, 7) == 3
