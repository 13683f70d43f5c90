"""Errors that machines, disks and servers really made, each as one sentence with its remedy."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import psycopg
import pytest
import sqlalchemy

from lifecycle.errors import DataError, Outage
from lifecycle.faults import of_server, plain
from lifecycle.store.lake import Lake


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root alone, and not in every container")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def made(what: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (whatever the library makes of it)
        what()
    return caught.value


def sentence(what: Callable[[], object]) -> str:
    told = plain(made(what))
    assert told, "it has no sentence"
    return str(told)


def test_a_full_disk(small: Path) -> None:
    full = made(lambda: (small / "rows").write_bytes(b"x" * (2 << 20)))
    assert isinstance(plain(full), Outage)
    assert "disk is full; make room" in str(plain(full))
    with duckdb.connect() as connection:
        told = sentence(lambda: connection.execute(f"COPY (SELECT random() FROM range(1_000_000)) TO '{small}/rows.parquet'"))
    assert "the disk is full" in told
    assert "make room" in told


def test_a_disk_that_is_read_only(small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    told = sentence(lambda: (small / "rows").write_text("x"))
    assert f"{small}/rows cannot be used: the disk is read-only" in told
    assert "LIFECYCLE_HOME" in told


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pl.DataFrame({"x": range(1000)}).write_parquet(file)
    os.truncate(file, 300)
    for reader in (lambda: duckdb.sql(f"FROM '{file}'").fetchall(), lambda: pl.read_parquet(file)):
        told = sentence(reader)
        assert "cannot be read" in told
        assert "backup" in told


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    assert f"{tmp_path} cannot be used: it must be a file, found a folder; move it away" in sentence(tmp_path.read_bytes)


def test_a_database_that_does_not_answer(the_lake: Lake) -> None:
    assert "PostgreSQL does not answer" in sentence(lambda: psycopg.connect("host=127.0.0.1 port=9 user=a dbname=b"))
    assert "PostgreSQL does not answer" in sentence(lambda: sqlalchemy.create_engine("postgresql+psycopg://a@127.0.0.1:9/b").connect())

    def killed() -> None:
        with psycopg.connect(the_lake.server.conninfo("lake"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert "PostgreSQL does not answer" in sentence(killed)

    def cut_off() -> None:
        raise duckdb.BinderException("Failed to query most recent snapshot for DuckLake: server closed the connection unexpectedly")

    assert "PostgreSQL does not answer" in sentence(cut_off)


def test_a_database_whose_files_are_damaged() -> None:
    for said in ('PANIC: could not read file "global/pg_control": read 100 of 296', "FATAL: invalid page in block 0 of relation base/5/1259"):
        assert "damaged" in str(of_server(said))
        assert "backup" in str(of_server(said))
    assert of_server('FATAL: role "nobody" does not exist') is None


def test_a_mistake_of_the_program_stays_one(the_lake: Lake) -> None:
    assert plain(made(lambda: {}["x"])) is None
    assert plain(made(lambda: duckdb.sql("SELECT parquet FROM range(3)"))) is None
    assert plain(made(lambda: the_lake.rows("FROM nowhere.raw"))) is None
    refused = DataError("the data is refused")
    assert plain(refused) is refused
