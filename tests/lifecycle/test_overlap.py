"""Loads that overlap: whoever comes last reads again, so that no row is there twice, none is lost, and the ledger tells the truth."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.sources import ByColumn, ByFile, File, Files
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import Lake
from tests.lifecycle.reading.test_increments import Keyless, Reading, counts, load, meter, readings

ROOT = Path(__file__).parents[2]


def cursor(folder: Path) -> Any:
    return Files((File(str(folder / "all.parquet")),), incremental=ByColumn("id"))


def sums(the_lake: Lake, name: str) -> None:
    """Each line of the ledger adds up, and all of them to what is there."""
    lines = the_lake.rows(f"SELECT came, kept, quarantined, duplicates FROM {name}.batches ORDER BY batch")
    assert all(came == kept + quarantined + duplicates for came, kept, quarantined, duplicates in lines)
    there = dict(the_lake.rows(f"SELECT _batch, count(*) FROM {name}.raw GROUP BY 1"))
    assert sum(there.values()) == the_lake.value(f"SELECT rows_after FROM {name}.batches ORDER BY batch DESC LIMIT 1")


@pytest.mark.parametrize("schema", [Keyless, Reading])
def test_what_another_load_has_brought_since_is_not_brought_again(tmp_path: Path, the_lake: Lake, schema: type) -> None:
    use_case = meter(f"overlap_cursor_{schema.__name__.lower()}", cursor(tmp_path), schema=schema)
    readings(1_200).write_parquet(tmp_path / "all.parquet")
    load(use_case)
    readings(1_700).write_parquet(tmp_path / "all.parquet")
    slow = collect(use_case)
    assert slow.rows == 500
    readings(1_800).write_parquet(tmp_path / "all.parquet")
    assert counts(load(use_case)) == (600, 600, 0, 1_800)
    assert counts(validate(use_case, slow)) == (0, 0, 0, 1_800)
    assert the_lake.value(f"SELECT count(DISTINCT id) FROM {use_case.name}.raw") == 1_800
    sums(the_lake, use_case.name)


def test_what_has_come_to_the_source_in_between_is_brought_by_whoever_comes_last(tmp_path: Path, the_lake: Lake) -> None:
    use_case = meter("overlap_more", cursor(tmp_path), schema=Keyless)
    readings(900).write_parquet(tmp_path / "all.parquet")
    slow = collect(use_case)
    readings(1_000).write_parquet(tmp_path / "all.parquet")
    load(use_case)
    readings(1_100).write_parquet(tmp_path / "all.parquet")
    last = validate(use_case, slow)
    assert counts(last) == (100, 100, 0, 1_100)
    assert the_lake.rows("SELECT came, kept, reached FROM overlap_more.batches ORDER BY batch") == [(1_000, 1_000, "999"), (100, 100, "1099")]


def test_the_same_rows_read_twice_at_once_are_one_batch(tmp_path: Path, the_lake: Lake) -> None:
    use_case = meter("overlap_same", cursor(tmp_path), schema=Keyless)
    readings(100).write_parquet(tmp_path / "all.parquet")
    slow, quick = collect(use_case), collect(use_case)
    assert validate(use_case, quick) == validate(use_case, slow)
    assert the_lake.rows("SELECT batch, came FROM overlap_same.batches") == [(1, 100)]
    sums(the_lake, "overlap_same")


@pytest.mark.parametrize("schema", [Keyless, Reading])
def test_new_files_that_another_load_has_read_are_not_read_again(tmp_path: Path, the_lake: Lake, schema: type) -> None:
    use_case = meter(f"overlap_files_{schema.__name__.lower()}", Files((File(f"{tmp_path}/*.csv"),), incremental=ByFile()), schema=schema)
    readings(600).write_csv(tmp_path / "day1.csv")
    load(use_case)
    readings(600, first=600).write_csv(tmp_path / "day2.csv")
    slow = collect(use_case)
    readings(600, first=1_200).write_csv(tmp_path / "day3.csv")
    assert counts(load(use_case)) == (1_200, 1_200, 0, 1_800)
    assert counts(validate(use_case, slow)) == (0, 0, 0, 1_800)
    sums(the_lake, use_case.name)


def test_rows_of_a_new_file_survive_a_load_that_replaces_all_and_did_not_know_it(tmp_path: Path, the_lake: Lake) -> None:
    use_case = meter("overlap_whole", Files((File(f"{tmp_path}/*.csv"),), incremental=ByFile()), schema=Keyless)
    readings(100).write_csv(tmp_path / "day1.csv")
    load(use_case)
    readings(110).write_csv(tmp_path / "day1.csv")  # changed: without a key everything is read again
    slow = collect(use_case)
    (tmp_path / "day1.csv").rename(tmp_path / "changed")
    readings(100).write_csv(tmp_path / "day1.csv")
    readings(50, first=200).write_csv(tmp_path / "day2.csv")
    assert load(use_case).rows == 150
    (tmp_path / "changed").rename(tmp_path / "day1.csv")
    assert validate(use_case, slow).rows == 160
    assert counts(load(use_case))[:3] == (0, 0, 0)
    sums(the_lake, use_case.name)


def test_an_older_value_does_not_replace_one_that_came_in_between(tmp_path: Path, the_lake: Lake) -> None:
    use_case = meter("overlap_older", Files((File(str(tmp_path / "all.csv")),)))
    readings(100, value=1.0).write_csv(tmp_path / "all.csv")
    slow = collect(use_case)
    readings(100, value=2.0).write_csv(tmp_path / "all.csv")
    load(use_case)
    assert counts(validate(use_case, slow)) == (100, 100, 0, 100)  # it is the ledger's newest batch already
    assert the_lake.value("SELECT count(*) FROM overlap_older.raw WHERE value = 2") == 100
    assert the_lake.value("SELECT count(*) FROM overlap_older.batches") == 1


def test_a_range_and_a_load_of_the_same_source_see_each_other(tmp_path: Path, the_lake: Lake) -> None:
    use_case = meter("overlap_range", Files((File(str(tmp_path / "all.parquet")),), incremental=ByColumn("id")))
    readings(100, value=1.0).write_parquet(tmp_path / "all.parquet")
    slow = collect(use_case, "from=10,until=20")
    readings(100, value=2.0).write_parquet(tmp_path / "all.parquet")
    load(use_case)
    assert counts(validate(use_case, slow)) == (10, 0, 10, 100)
    assert the_lake.value("SELECT count(*) FROM overlap_range.raw WHERE value = 1") == 0


def test_a_load_of_another_source_makes_nobody_read_again(tmp_path: Path) -> None:
    use_case = meter("overlap_other", cursor(tmp_path), schema=Keyless)
    readings(100).write_parquet(tmp_path / "all.parquet")
    readings(50, first=500).write_parquet(tmp_path / "other.parquet")
    slow = collect(use_case)
    load(use_case, str(tmp_path / "other.parquet"))
    (tmp_path / "all.parquet").unlink()
    assert counts(validate(use_case, slow)) == (100, 100, 0, 150)


def test_the_comparison_is_made_in_the_transaction_too(tmp_path: Path, the_lake: Lake) -> None:
    """Where PostgreSQL went away for a moment nobody holds the lock any more: what is read in the transaction decides."""
    from lifecycle.table.load import Moved, ValidatedBatch, load_rows

    use_case = meter("overlap_lost_lock", cursor(tmp_path), schema=Keyless)
    readings(100).write_parquet(tmp_path / "all.parquet")
    slow = collect(use_case)
    load(use_case)
    with pytest.raises(Moved):
        the_lake.write(lambda transaction: load_rows(the_lake, transaction, use_case, ValidatedBatch(slow, "", 0, "", None, False)))
    assert the_lake.value("SELECT count(*) FROM overlap_lost_lock.raw") == 100


PROCESS = """
import sys, time
from pathlib import Path

import polars as pl

from lifecycle.stages.collect import collect
from lifecycle.sources import ByColumn, Generated
from lifecycle.stages.validate import validate
from tests.lifecycle.reading.test_increments import Keyless, meter, readings

folder, name, waits = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def paused(since=None, until=None):
    rows = readings(int(sys.argv[4]))
    if since is not None:
        rows = rows.filter(pl.col("id") > since)
    half = len(rows) // 2
    if half:
        yield rows[:half]
    if waits != "-":
        (folder / f"{waits}.reads").touch()
        while not (folder / f"{waits}.go").exists():
            time.sleep(0.02)
    if half:
        yield rows[half:]


use_case = meter(name, Generated(paused, {}, incremental=ByColumn("id")), schema=Keyless)
done = validate(use_case, collect(use_case))
print(done.came, done.kept, done.duplicates, done.rows)
"""


class Loads:
    """Loads in processes of their own, some of which stop in the middle of their source until they are told to go on."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.started: list[subprocess.Popen[str]] = []

    def start(self, waits: str = "-", last: int = 1_800) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PROCESS, str(self.folder), self.name, waits, str(last)]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.started.append(process)
        end = time.monotonic() + 90
        while waits != "-" and not (self.folder / f"{waits}.reads").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end
            time.sleep(0.05)
        return process

    def go(self, waits: str) -> None:
        (self.folder / f"{waits}.go").touch()

    def ended(self, process: "subprocess.Popen[str]") -> tuple[int, ...]:
        out, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return tuple(int(number) for number in out.split())


@pytest.fixture
def loads(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Loads]:
    made = Loads(tmp_path, request.node.name.split("[")[0][5:40])
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_three_processes_at_once_bring_every_row_once(loads: Loads, the_lake: Lake) -> None:
    slow = [loads.start("a"), loads.start("b", last=1_700)]
    assert loads.ended(loads.start()) == (1_800, 1_800, 0, 1_800)
    loads.go("a")
    loads.go("b")
    assert [loads.ended(each)[2:] for each in slow] == [(0, 1_800)] * 2
    assert the_lake.rows(f"SELECT batch, came, kept FROM {loads.name}.batches") == [(1, 1_800, 1_800)]
    assert the_lake.value(f"SELECT count(DISTINCT id) FROM {loads.name}.raw") == 1_800
    sums(the_lake, loads.name)


def test_one_that_is_killed_while_it_reads_leaves_nothing(loads: Loads, the_lake: Lake) -> None:
    killed = loads.start("a")
    slow = loads.start("b")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert loads.ended(loads.start()) == (1_800, 1_800, 0, 1_800)
    loads.go("b")
    assert loads.ended(slow)[2:] == (0, 1_800)
    assert the_lake.rows(f"SELECT batch, came, kept FROM {loads.name}.batches") == [(1, 1_800, 1_800)]
