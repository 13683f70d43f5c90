"""The lake: transactions, versions, locks, several processes."""

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import duckdb
import polars as pl
import psycopg
import pytest

from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import tables
from lifecycle.store.database import parse
from lifecycle.store.lake import Lake, lake

ROOT = Path(__file__).parents[3]
INSERT = """
import sys
from lifecycle.store.lake import lake
for i in range(5):
    lake().write(lambda cursor: cursor.execute("INSERT INTO many.writers VALUES (?, ?)", [int(sys.argv[1]), i]))
"""


def test_a_failing_transaction_leaves_nothing(the_lake: Lake) -> None:
    the_lake.cursor().execute("CREATE SCHEMA half_done; CREATE TABLE half_done.done (i BIGINT)")

    def fail(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("INSERT INTO half_done.done VALUES (1)")
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        the_lake.write(fail)
    assert the_lake.value("SELECT count(*) FROM half_done.done") == 0


def test_an_older_version_stays_readable(the_lake: Lake) -> None:
    the_lake.cursor().execute("CREATE SCHEMA travel; CREATE TABLE travel.rows AS SELECT 1 AS i")
    before = the_lake.version()
    the_lake.write(lambda cursor: cursor.execute("UPDATE travel.rows SET i = 2"))
    assert the_lake.value(f"SELECT i FROM travel.rows AT (VERSION => {before})") == 1
    assert the_lake.value("SELECT i FROM travel.rows") == 2


def test_processes_that_write_at_once_lose_nothing(the_lake: Lake) -> None:
    the_lake.cursor().execute("CREATE SCHEMA many; CREATE TABLE many.writers (process BIGINT, i BIGINT)")
    processes = [subprocess.Popen([sys.executable, "-c", INSERT, str(number)], cwd=ROOT) for number in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert the_lake.value("SELECT count(DISTINCT (process, i)) FROM many.writers") == 15


def test_the_lake_is_the_same_for_the_whole_process_and_knows_itself(the_lake: Lake) -> None:
    assert lake() is the_lake
    assert len(the_lake.identity) == 36


def test_an_address_that_is_no_postgresql_is_refused_with_the_form_it_needs() -> None:
    with pytest.raises(LifecycleError, match=r"postgresql://user:password@host:port/name"):
        parse("mysql://somewhere/else")


def test_a_password_appears_in_no_message() -> None:
    server = parse("postgresql://someone:s%40cret@localhost:5555/mine")
    assert server.password == "s@cret"
    assert server.name("lake") == "mine_lake"
    assert server.url("mlflow", "psycopg") == "postgresql+psycopg://someone:s%40cret@localhost:5555/mine_mlflow"
    assert "cret" not in server.hidden("failed: s@cret and s%40cret")


def test_what_another_process_commits_is_seen_by_the_next_question(the_lake: Lake) -> None:
    the_lake.cursor().execute("CREATE SCHEMA seen; CREATE TABLE seen.rows AS SELECT 1 AS i")
    other = Lake(the_lake.server, the_lake.storage)
    assert the_lake.value("SELECT max(i) FROM seen.rows") == 1
    other.write(lambda cursor: cursor.execute("INSERT INTO seen.rows VALUES (2)"))
    assert the_lake.frame(f"SELECT * FROM seen.rows AT (VERSION => {other.version()})").height == 2


def test_tables_of_an_older_version_get_the_columns_that_came_later(the_lake: Lake) -> None:
    tables.prepare(the_lake, "older")
    the_lake.rows("ALTER TABLE older.batches DROP COLUMN reached")
    the_lake.rows("ALTER TABLE older.batches DROP COLUMN files")
    the_lake.rows("INSERT INTO older.batches BY NAME SELECT 1 AS batch, 's' AS source")
    tables.prepare(the_lake, "older")
    assert the_lake.rows("SELECT batch, source, reached, files FROM older.batches") == [(1, "s", None, None)]


def test_a_frame_has_the_types_of_its_query_also_without_rows_and_leaves_no_transaction_open(the_lake: Lake) -> None:
    query = """SELECT x, x::VARCHAR AS s, x % 2 = 0 AS b, x / 2 AS f, TIMESTAMP '2026-01-01' + to_minutes(x) AS t, DATE '2026-01-01' AS d,
        TIMESTAMPTZ '2026-01-01' AS z, [x] AS l, {'a': x} AS o, ''::BLOB AS y FROM range(3) AS r (x) WHERE x >= ?"""
    whole, none = the_lake.frame(query, [1]), the_lake.frame(query, [3])
    as_before = the_lake.cursor().sql(query, params=[1]).pl()
    assert whole.equals(as_before)
    assert whole.schema == none.schema == as_before.schema
    assert none.height == 0
    the_lake.cursor().execute("BEGIN")  # which is refused where one is open
    the_lake.cursor().execute("ROLLBACK")


def test_a_process_has_one_lake_however_it_is_asked_for(the_lake: Lake) -> None:
    assert lake(settings()) is the_lake
    assert lake(settings().model_copy()) is the_lake


def test_a_view_that_an_outage_left_half_there_does_not_stand_in_the_way(the_lake: Lake) -> None:
    """Where the catalogue's connection is cut off while a transaction ends, DuckDB now and then keeps the view of a cursor and does not find it."""
    the_lake.cursor().execute("CREATE SCHEMA cut_off; CREATE TABLE cut_off.done (i BIGINT)")
    rows = pl.DataFrame({"i": range(100_000)}).to_arrow()
    left = 0
    with psycopg.connect(the_lake.server.conninfo("lake"), autocommit=True) as connection:

        def cut() -> None:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        for round in range(60):
            cutting = threading.Timer(0.004 * round, cut)
            cutting.start()
            with suppress(duckdb.Error), the_lake.registered("waiting", rows):
                the_lake.write(lambda cursor: cursor.execute("INSERT INTO cut_off.done FROM waiting"))
            cutting.join()
            try:
                the_lake.cursor().register("waiting", rows)
            except duckdb.CatalogException:
                left += 1
            with the_lake.registered("waiting", rows):
                assert the_lake.value("SELECT count(*) FROM waiting") == 100_000
    the_lake.cursor().execute("DROP SCHEMA cut_off CASCADE")
    if not left:
        pytest.skip("no outage came at the moment that leaves one")
