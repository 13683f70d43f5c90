"""Arrivals: a batch that is unlike the last ones of its source raises an alarm, or is refused where the definition says so."""

import datetime as dt
from pathlib import Path

import pytest

from lifecycle.errors import DataError, DefinitionError
from lifecycle.expectations import Arrivals
from lifecycle.store.lake import Lake
from lifecycle.table import freshness
from lifecycle.table.freshness import Arrival
from lifecycle.table.raw import current
from lifecycle.table.release import release
from schemas.roles import column
from tests.lifecycle.test_ingestion import csv, load
from tests.toys import Visit, toy, visits

DAY = dt.datetime(2026, 3, 1)


def batches(*came: int) -> list[Arrival]:
    return [Arrival(rows, DAY + dt.timedelta(days=day)) for day, rows in enumerate(came)]


def alarms(now: Arrival, before: list[Arrival], **policy: object) -> list[str]:
    return freshness.alarms(toy("alarms", arrivals=Arrivals(**policy)), now, before)  # type: ignore[arg-type]


LATER = DAY + dt.timedelta(days=9)


def test_half_the_usual_rows_is_an_alarm_and_more_is_none() -> None:
    usual = batches(900, 1_000, 5_000)
    assert alarms(Arrival(501, LATER), usual) == []
    (said,) = alarms(Arrival(500, LATER), usual)
    assert "500 rows came, 1,000 are usual" in said


def test_there_is_no_usual_before_three_batches() -> None:
    assert alarms(Arrival(1, LATER), batches(1_000, 1_000)) == []


def test_a_definition_can_want_another_share_or_none() -> None:
    usual = batches(1_000, 1_000, 1_000)
    assert alarms(Arrival(700, LATER), usual, volume=0.8)
    assert alarms(Arrival(0, LATER), usual, volume=0.0) != []
    assert alarms(Arrival(1, LATER), usual, volume=0.0) == []


def test_a_batch_that_brings_nothing_newer_is_stale_where_the_others_did() -> None:
    usual = batches(10, 10, 10)
    (said,) = alarms(Arrival(10, usual[-1].newest), usual)
    assert "2026-03-03 00:00" in said
    standing = [Arrival(10, DAY)] * 3
    assert alarms(Arrival(10, DAY), standing) == [], "a table that is read whole each time has the same newest row"


def test_rows_older_than_the_definition_allows_are_an_alarm_also_of_the_first_batch() -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert alarms(Arrival(10, now - dt.timedelta(hours=5)), [], age=dt.timedelta(hours=6)) == []
    (said,) = alarms(Arrival(10, now - dt.timedelta(hours=7)), [], age=dt.timedelta(hours=6))
    assert "7.0 hours ago; at most 6.0 hours" in said


def test_files_of_one_folder_and_texts_that_differ_in_numbers_are_one_source() -> None:
    assert freshness.family("in/2026-01-01.csv") == freshness.family("in/half.csv") != freshness.family("out/half.csv")
    assert freshness.family("in/a.csv") != freshness.family("in/a.parquet")
    assert freshness.family("simulate(rows=10,seed=1)") == freshness.family("simulate(rows=2000,seed=7)")
    assert freshness.family("FROM a.b WHERE day > 3") != freshness.family("FROM a.c WHERE day > 3")


def test_the_alarm_is_in_the_snapshot_and_the_rows_are_in_the_lake(tmp_path: Path) -> None:
    use_case = toy("half")
    for day in range(3):
        assert load(use_case, csv(tmp_path / f"{day}.csv", visits(200 * (day + 1))[200 * day :])).alarms == ()
    short = csv(tmp_path / "3.csv", visits(700)[600:])
    snapshot = load(use_case, short)
    assert snapshot.rows == 700
    assert snapshot.alarms[0].startswith("volume: 100 rows came, 200 are usual")
    assert load(use_case, short).alarms == snapshot.alarms == current(use_case).alarms


def test_an_alarm_can_refuse_a_batch_which_a_person_can_let_in(tmp_path: Path, the_lake: Lake) -> None:
    use_case = toy("half_refused", arrivals=Arrivals(refuse=True))
    for day in range(3):
        load(use_case, csv(tmp_path / f"{day}.csv", visits(200 * (day + 1))[200 * day :]))
    short = csv(tmp_path / "3.csv", visits(700)[600:])
    for _ in range(2):
        with pytest.raises(DataError, match=r"refused: volume: 100 rows came.*lifecycle quarantine half_refused"):
            load(use_case, short)
    assert the_lake.value("SELECT count(*) FROM half_refused.raw") == 600
    assert release(use_case).kept == 100
    assert the_lake.value("SELECT count(*) FROM half_refused.raw") == 700


def test_an_age_makes_the_same_batch_be_looked_at_again_each_time(tmp_path: Path) -> None:
    use_case = toy("aged", arrivals=Arrivals(age=dt.timedelta(hours=1)))
    path = csv(tmp_path / "a.csv", visits(100).with_columns(at=dt.datetime(2020, 1, 1)))
    assert "freshness" in load(use_case, path).alarms[0]
    assert "freshness" in load(use_case, path).alarms[0]


def test_an_age_needs_a_time() -> None:
    class Timeless(Visit):
        """A visit at no time."""

        at: dt.datetime = column("ignored")

    with pytest.raises(DefinitionError, match=r"arrivals\.age"):
        toy("timeless", schema=Timeless, arrivals=Arrivals(age=dt.timedelta(hours=1)))
