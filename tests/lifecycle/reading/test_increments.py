"""Incremental sources: only what is new is read, late and changed rows are merged, the old values stay readable."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest

from lifecycle.errors import DefinitionError, LifecycleError
from lifecycle.references import Snapshot
from lifecycle.sources import ByColumn, ByFile, File, Files, Generated, Postgres, SQLite
from lifecycle.stages.collect import collect
from lifecycle.stages.validate import validate
from lifecycle.store.lake import Lake
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.lifecycle.servers import PASSWORD, Shop, shop
from tests.toys import toy

START = dt.datetime(2026, 1, 1)
LATE = dt.timedelta(hours=2)


class Reading(pa.DataFrameModel):
    """What a made-up meter said, and when it was last corrected."""

    id: int = column("key")
    at: dt.datetime = column("time")
    value: float = column()
    high: bool = column("target")


class Keyless(Reading):
    """The same without a key."""

    id: int = column("ignored")


def readings(rows: int, first: int = 0, value: float = 1.0) -> pl.DataFrame:
    """One reading a minute."""
    numbers = range(first, first + rows)
    at = [START + dt.timedelta(minutes=i) for i in numbers]
    return pl.DataFrame({"id": list(numbers), "at": at, "value": [value] * rows, "high": [i % 2 == 0 for i in numbers]})


def meter(name: str, source: Any, **changes: Any) -> UseCase:
    return toy(name, **{"schema": Reading, "source": source, "features": lambda rows: rows.select("value"), **changes})


def load(use_case: UseCase, source: str | None = None) -> Snapshot:
    return validate(use_case, collect(use_case, source))


def counts(snapshot: Snapshot) -> tuple[int, int, int, int]:
    return snapshot.came, snapshot.kept, snapshot.duplicates, snapshot.rows


@pytest.fixture(scope="module")
def server() -> Iterator[Shop]:
    with shop() as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", PASSWORD)
        made.run('CREATE TABLE readings (id bigint, "at" timestamptz, value float8, high boolean)', 'CREATE INDEX ON readings ("at")')
        yield made


def insert(server: Shop, rows: pl.DataFrame) -> None:
    cells = ", ".join(f"({i}, '{at}+00', {value}, {high})" for i, at, value, high in rows.iter_rows())
    server.run(f"INSERT INTO readings VALUES {cells}")


def test_only_rows_beyond_the_cursor_are_read_and_postgresql_is_asked_for_no_others(server: Shop, the_lake: Lake) -> None:
    use_case = meter("by_cursor", Postgres(server.address, "readings", incremental=ByColumn("at")))
    insert(server, readings(500))
    assert counts(load(use_case)) == (500, 500, 0, 500)
    insert(server, readings(5, first=500))
    asked = len(server.log.read_text())
    assert counts(load(use_case)) == (5, 5, 0, 505)
    statements = [line for line in server.log.read_text()[asked:].splitlines() if "COPY" in line]
    assert statements
    assert all('"at" > \'2026-01-01 08:19:00' in line for line in statements)
    assert the_lake.value("SELECT max(reached) FROM by_cursor.batches") == "2026-01-01 08:24:00"


def test_nothing_new_leaves_no_trace(server: Shop, the_lake: Lake) -> None:
    use_case = meter("nothing_new", Postgres(server.address, "readings", incremental=ByColumn("at")))
    first = load(use_case)
    version = the_lake.version()
    again = load(use_case)
    assert counts(again) == (0, 0, 0, first.rows)
    assert (again.fingerprint, the_lake.version()) == (first.fingerprint, version)


def test_late_and_changed_rows_are_merged_and_the_old_value_stays_at_the_old_version(tmp_path: Path, the_lake: Lake) -> None:
    import sqlite3

    file = tmp_path / "meter.db"

    def write(rows: pl.DataFrame) -> None:
        with sqlite3.connect(file) as connection:
            connection.execute('CREATE TABLE IF NOT EXISTS readings (id INTEGER PRIMARY KEY, "at" TIMESTAMP, value REAL, high BOOLEAN)')
            connection.executemany("REPLACE INTO readings VALUES (?, ?, ?, ?)", [(i, str(at), v, h) for i, at, v, h in rows.iter_rows()])
        connection.close()

    use_case = meter("late", SQLite(str(file), incremental=ByColumn("at", late=LATE)))
    write(readings(400).filter(pl.col("id") != 390))
    first = load(use_case)
    write(readings(1, first=390))  # late
    write(readings(1, first=350, value=2.0))  # changed
    write(readings(1, first=10, value=2.0))  # changed too long ago to be found
    write(readings(10, first=400))
    second = load(use_case)
    assert counts(second) == (131, 12, 119, 410)
    assert the_lake.value("SELECT value FROM late.raw WHERE id = 350") == 2.0
    assert the_lake.value(f"SELECT value FROM late.raw AT (VERSION => {first.version}) WHERE id = 350") == 1.0
    assert the_lake.value("SELECT value FROM late.raw WHERE id = 10") == 1.0
    assert the_lake.rows("SELECT batch, came, kept FROM late.batches ORDER BY batch") == [(1, 399, 399), (2, 131, 12)]
    assert counts(load(use_case)) == (121, 0, 121, 410)
    assert counts(load(use_case, "from=2026-01-01,until=2026-01-01 00:30:00")) == (30, 1, 29, 410)
    assert the_lake.value("SELECT value FROM late.raw WHERE id = 10") == 2.0


def test_a_range_is_read_again_whatever_the_cursor_says(tmp_path: Path, the_lake: Lake) -> None:
    readings(100).write_parquet(tmp_path / "all.parquet")
    use_case = meter("back_filled", Files((File(str(tmp_path / "all.parquet")),), incremental=ByColumn("id")))
    assert counts(load(use_case, "from=90")) == (10, 10, 0, 10)
    assert counts(load(use_case, "from=20,until=30")) == (10, 10, 0, 20)
    assert counts(load(use_case, "until=5")) == (5, 5, 0, 25)
    assert counts(load(use_case)) == (100, 75, 25, 100)
    assert [source.rpartition(" [")[2] for (source,) in the_lake.rows("SELECT source FROM back_filled.batches ORDER BY batch")][:2] == [
        "90, ...)",
        "20, 30)",
    ]
    with pytest.raises(LifecycleError, match=r"a range is along 'id', which is BIGINT, found 'May'; write it as in from=1000"):
        load(use_case, "from=May")


def test_a_source_without_a_cursor_takes_a_range_of_its_time_column(tmp_path: Path) -> None:
    readings(100).write_csv(tmp_path / "all.csv")
    use_case = meter("by_time", Files((File(str(tmp_path / "all.csv")),)))
    assert counts(load(use_case, "from=2026-01-01 01:00:00,until=2026-01-01 01:10:00")) == (10, 10, 0, 10)


@pytest.mark.parametrize("schema", [Reading, Keyless])
def test_only_new_files_are_read(tmp_path: Path, the_lake: Lake, schema: type) -> None:
    use_case = meter(f"by_file_{schema.__name__.lower()}", Files((File(f"{tmp_path}/*.csv"),), incremental=ByFile()), schema=schema)
    readings(50).write_csv(tmp_path / "day1.csv")
    readings(50, first=50).write_csv(tmp_path / "day2.csv")
    assert counts(load(use_case)) == (100, 100, 0, 100)
    (tmp_path / "day1.csv").touch()
    assert counts(load(use_case)) == (0, 0, 0, 100)
    readings(50, first=100).write_csv(tmp_path / "day3.csv")
    assert counts(load(use_case)) == (50, 50, 0, 150)
    readings(50, value=2.0).write_csv(tmp_path / "day1.csv")
    changed = load(use_case)
    assert changed.rows == 150
    assert changed.came == (50 if schema is Reading else 150)  # without a key the old rows of one file cannot be told
    assert the_lake.value(f"SELECT count(*) FROM {use_case.name}.raw WHERE value = 2") == 50
    assert counts(load(use_case)) == (0, 0, 0, 150)


def test_two_new_files_with_equal_rows_are_both_kept_without_a_key(tmp_path: Path) -> None:
    use_case = meter("equal_files", Files((File(f"{tmp_path}/*.csv"),), incremental=ByFile()), schema=Keyless)
    for number in (1, 2):
        readings(50).write_csv(tmp_path / f"day{number}.csv")
        assert load(use_case).rows == 50 * number


def test_a_refused_batch_is_read_again(tmp_path: Path) -> None:
    use_case = meter("refused_files", Files((File(f"{tmp_path}/*.csv"),), incremental=ByFile()))
    readings(50).with_columns(value=pl.lit("?")).write_csv(tmp_path / "day1.csv")
    with pytest.raises(LifecycleError, match="batch was refused"):
        load(use_case)
    readings(50).write_csv(tmp_path / "day1.csv")
    assert counts(load(use_case)) == (50, 50, 0, 50)


def test_a_python_function_is_told_since_when(the_lake: Lake) -> None:
    told: list[Any] = []

    def meter_api(last: int, since: dt.datetime | None, until: dt.datetime | None = None) -> Iterator[pl.DataFrame]:
        told.append((since, until))
        rows = readings(last).filter(pl.col("at") > (since or dt.datetime.min))
        if rows.height:
            yield rows

    first = meter("asked_since", Generated(meter_api, {"last": 100}, incremental=ByColumn("at")))
    assert counts(load(first)) == (100, 100, 0, 100)
    assert counts(load(first)) == (0, 0, 0, 100)
    load(first, "from=2026-01-01 00:10:00,until=2026-01-01 00:20:00")
    assert told == [(None, None), (START + dt.timedelta(minutes=99), None), (START + dt.timedelta(minutes=10), START + dt.timedelta(minutes=20))]


@pytest.mark.parametrize(
    ("by", "says"),
    [(ByColumn("nowhere"), "'nowhere' has to be a column of schema"), (ByColumn("at", late=LATE), "without a key they cannot be merged")],
)
def test_an_increment_that_cannot_be_right_is_refused(tmp_path: Path, by: ByColumn, says: str) -> None:
    readings(10).write_csv(tmp_path / "all.csv")
    with pytest.raises(DefinitionError, match=says):
        load(meter("wrong_increment", Files((File(str(tmp_path / "all.csv")),), incremental=by), schema=Keyless))


def test_files_that_were_read_are_not_even_opened_again(tmp_path: Path) -> None:
    use_case = meter("unopened", Files((File(f"{tmp_path}/*.parquet"),), incremental=ByFile()))
    for number in range(20):
        readings(10, first=10 * number).write_parquet(tmp_path / f"day{number:03}.parquet")
    load(use_case)
    for path in tmp_path.iterdir():  # what would fail to be read, and looks as before
        stat = path.stat()
        path.write_bytes(b"?" * stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    readings(10, first=200).write_parquet(tmp_path / "day020.parquet")
    assert counts(load(use_case)) == (10, 10, 0, 210)
