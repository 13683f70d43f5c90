"""Split: every row has one part, the lines respect time, groups and classes, and labels not yet known are not used."""

import datetime as dt
import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.dataset import Rows
from lifecycle.errors import DefinitionError, LifecycleError, NotEnoughData
from lifecycle.references import Features, Parts, Snapshot
from lifecycle.sources import Generated
from lifecycle.splits import ColumnSplit, GroupSplit, HashSplit, StratifiedSplit, TimeSplit
from lifecycle.splits.time_split import TimeBoundaries, time_bounds
from lifecycle.stages.collect import collect
from lifecycle.stages.featurize import featurize
from lifecycle.stages.split import split
from lifecycle.stages.validate import validate
from lifecycle.table.feature_table import read
from lifecycle.table.parts import assign, rows
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.toys import START, Visit, toy, visits


def made(use_case: UseCase) -> Parts:
    return split(use_case, featurize(use_case, validate(use_case, collect(use_case))))


def everything(use_case: UseCase, parts: Parts) -> Rows:
    return read(use_case, parts.features)


class Delayed(Visit):
    """A visit whose outcome is known an hour later."""

    known: dt.datetime = column("label_time", nullable=True)


def span(part: Rows, column: str = "_time") -> Any:
    """The times of a part, as a series that compares with anything."""
    return part.info[column]


def one_class() -> Any:
    """Visits of which none led to a purchase."""
    yield visits().with_columns(bought=pl.lit(False))


def delayed(**parameters: Any) -> Any:
    """Visits with the time at which their outcome was known."""
    yield visits(**parameters).with_columns(known=pl.col("at") + pl.duration(minutes=pl.col("visit") % 61))


@pytest.mark.parametrize(
    "chosen", [HashSplit(), TimeSplit(gap=timedelta(hours=1)), StratifiedSplit(), GroupSplit()], ids=lambda chosen: type(chosen).__name__
)
def test_no_row_is_on_both_sides_and_the_shares_are_as_declared(chosen: Any) -> None:
    use_case = toy(f"sides_{type(chosen).__name__.lower()}", split=chosen)
    parts = made(use_case)
    sides = {part: set(rows(use_case, parts, part).info["_key"]) for part in ("train", "tune", "gate")}
    assert not sides["train"] & sides["tune"]
    assert not sides["tune"] & sides["gate"]
    assert not sides["train"] & sides["gate"]
    total = sum(map(len, sides.values()))
    assert abs(len(sides["train"]) / total - 0.6) < 0.06
    assert abs(len(sides["gate"]) / total - 0.2) < 0.06
    assert parts.counts == {part: count for part, count in sorted(parts.counts.items())}


def test_no_group_is_on_both_sides() -> None:
    use_case = toy("groups", split=GroupSplit())
    parts = made(use_case)
    sides = [set(rows(use_case, parts, part).info["customer"]) for part in ("train", "tune", "gate")]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_time_goes_one_way_and_the_gap_is_kept() -> None:
    gap = timedelta(hours=2)
    use_case = toy("one_way", split=TimeSplit(gap=gap), history=timedelta(hours=3))
    parts = made(use_case)
    train, tune, gate = (span(rows(use_case, parts, part)) for part in ("train", "tune", "gate"))
    assert train.min() == START + timedelta(hours=3)  # the rows before it only fill the windows
    assert train.max() + gap <= tune.min()
    assert tune.max() + gap <= gate.min()
    assert gate.max() == everything(use_case, parts).info["_time"].max()


def test_a_label_not_known_when_the_next_part_began_is_not_used() -> None:
    use_case = toy("late_labels", schema=Delayed, split=TimeSplit(gap=timedelta(minutes=30)), source=Generated(delayed, {}, True))
    parts = made(use_case)
    train, tune, gate = (rows(use_case, parts, part) for part in ("train", "tune", "gate"))
    assert span(train, "known").max() <= span(tune).min()
    assert span(tune, "known").max() <= span(gate).min()
    assert parts.counts["gap"] > 60  # the two gaps, and rows whose label came later than the gap


def test_a_row_keeps_its_part_when_more_rows_come() -> None:
    def oldest(count: int) -> Any:
        yield visits(3_000).head(count)

    use_case = toy("stays", source=Generated(oldest, {"count": 2_000}, True))
    parts = made(use_case)
    before = everything(use_case, parts)
    more = toy("stays", source=Generated(oldest, {"count": 3_000}, True))
    after = read(more, featurize(more, validate(more, collect(more))))
    now = dict(zip(after.info["_key"], assign(more, parts, after.info), strict=True))
    assert all(now[key] == part for key, part in zip(before.info["_key"], assign(use_case, parts, before.info), strict=True))


def test_a_given_column_is_the_split() -> None:
    class Published(Visit):
        """A visit with its publisher's part."""

        part: str = column("split", isin=["train", "test"])

    def published(**parameters: Any) -> Any:
        yield visits(**parameters).with_columns(part=pl.when(pl.col("visit") % 3 == 0).then(pl.lit("test")).otherwise(pl.lit("train")))

    use_case = toy("published", schema=Published, split=ColumnSplit(), source=Generated(published, {}, True))
    parts = made(use_case)
    assert set(rows(use_case, parts, "gate").info["part"]) == {"test"}
    assert set(rows(use_case, parts, "train").info["part"]) | set(rows(use_case, parts, "tune").info["part"]) == {"train"}


def test_too_few_rows_and_one_class_are_said_before_anything_is_trained() -> None:
    with pytest.raises(NotEnoughData, match="needs 20 labelled rows"):
        made(toy("few", parameters={"rows": 40}))
    with pytest.raises(NotEnoughData, match=r"at least two classes.*True among them.*found \[False\]"):
        made(toy("one_class", source=Generated(one_class, {}, True)))
    with pytest.raises(DefinitionError, match="positive='yes' is no value of the target 'bought'"):
        toy("yes", positive="yes")
    with pytest.raises(LifecycleError, match="cannot hold a warm-up"):
        made(toy("short", split=TimeSplit(gap=timedelta(days=2))))


class Loose(HashSplit):
    """A split that gives its lines as it likes."""

    def bounds(self, use_case: UseCase, info: pl.DataFrame) -> Any:
        """No lines."""
        return {"train": 0.5}


def test_a_split_that_gives_no_lines_is_told_what_it_gives() -> None:
    with pytest.raises(DefinitionError, match=r"Loose\.bounds\(\) gives the lines of split=Loose as Boundaries, .* found dict"):
        made(toy("loose", split=Loose()))


def test_lines_are_read_as_they_were_kept_and_those_of_another_split_are_none() -> None:
    moments = [START + timedelta(minutes=minute, microseconds=minute) for minute in range(7)]
    lines = TimeBoundaries(*moments)
    kept = json.loads(json.dumps(lines.as_json()))
    assert kept["gate_from"] == moments[4].isoformat()
    assert TimeSplit().drawn(kept) == lines
    assert HashSplit().drawn(kept) is None
    assert TimeSplit().drawn({"train_until": 0.6, "tune_until": 0.8}) is None
    with pytest.raises(LifecycleError, match="by lines that a HashSplit drew, found the lines of another split"):
        assign(toy("redrawn", split=HashSplit()), split_of(kept), pl.DataFrame())


def split_of(bounds: dict[str, Any]) -> Parts:
    snapshot = Snapshot(use_case="lines", version=1, fingerprint="", rows=1, batch=1, came=1, kept=1, quarantined=0, duplicates=0)
    return Parts(use_case="lines", features=Features(use_case="lines", snapshot=snapshot, version=1, rows=1, names=()), bounds=bounds, counts={})


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 5_000), min_size=120, max_size=400),
    gap=st.integers(0, 400),
    shares=st.sampled_from([(0.6, 0.2, 0.2), (0.8, 0.1, 0.1), (0.4, 0.3, 0.3)]),
)
def test_time_lines_never_overlap_whatever_the_times(minutes: list[int], gap: int, shares: tuple[float, float, float]) -> None:
    use_case = toy("lines", split=TimeSplit(*shares, gap=timedelta(minutes=gap)))
    info = pl.DataFrame({"_time": [START + timedelta(minutes=minute) for minute in sorted(minutes)], "_hash": 0.5, "bought": True})
    try:
        bounds = time_bounds(use_case, use_case.split, info)  # type: ignore[arg-type]
    except NotEnoughData:
        return
    parts = split_of(bounds.as_json())
    given = info.with_columns(assign(use_case, parts, info))
    span = {part: given.filter(pl.col("part") == part)["_time"] for part in ("train", "tune", "gate")}
    for earlier, later in (("train", "tune"), ("tune", "gate")):
        if len(span[earlier]) and len(span[later]):
            assert span[earlier].max() + timedelta(minutes=gap) <= span[later].min()  # type: ignore[operator]
