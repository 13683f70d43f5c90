"""Sources: the same table has the same fingerprint wherever it comes from; every spelling of `--source` is one of them."""

import datetime as dt
import gzip
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandera.polars as pa
import polars as pl
import pytest

from lifecycle.errors import DataError, LifecycleError, Outage
from lifecycle.sources import File, Files, Generated, Joined, Postgres, Query, Source, SQLite
from lifecycle.stages.collect import collect, content_key
from lifecycle.stages.validate import validate
from lifecycle.store.lake import load
from lifecycle.usecase import UseCase
from schemas.roles import column
from tests.lifecycle.servers import PASSWORD, Shop, Web, shop, storage, web
from tests.toys import toy


class Order(pa.DataFrameModel):
    """A made-up order, with every type that a table can have."""

    id: int = column("key")
    at: dt.datetime = column("time")
    day: dt.date = column(nullable=True)
    customer: str = column()
    note: str = column(nullable=True)
    amount: float = column(nullable=True)
    pieces: int = column(nullable=True)
    paid: bool = column("target")


ROWS = 60


def orders(rows: int = ROWS) -> pl.DataFrame:
    """Orders with fractions that no decimal says exactly, accents, missing values, spaces and commas in text."""
    numbers = range(rows)
    return pl.DataFrame(
        {
            "id": list(numbers),
            "at": [dt.datetime(2026, 1, 1, 8) + dt.timedelta(minutes=7 * i, seconds=i) for i in numbers],
            "day": [None if i % 9 == 0 else dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in numbers],
            "customer": [f"Zoë, no. {i % 7}" for i in numbers],
            "note": [None if i % 5 == 0 else f'say "{i}"' for i in numbers],
            "amount": [None if i % 11 == 0 else i * 0.1 + 0.2 for i in numbers],
            "pieces": [None if i % 13 == 0 else i for i in numbers],
            "paid": [i % 3 == 0 for i in numbers],
        }
    )


def shopping(name: str, **changes: Any) -> UseCase:
    return toy(name, schema=Order, features=lambda rows: rows.select("amount", "pieces"), **changes)


def loaded(name: str, source: Source | str) -> str:
    """The fingerprint of the snapshot after the orders were ingested from a source."""
    use_case = shopping(name, **({} if isinstance(source, str) else {"source": source}))
    snapshot = validate(use_case, collect(use_case, source if isinstance(source, str) else None))
    assert (snapshot.came, snapshot.quarantined) == (ROWS, 0)
    return snapshot.fingerprint


def staged(source: Source | str) -> pl.DataFrame:
    """The rows as they are staged, every cell with its declared type."""
    use_case = shopping("staged", **({} if isinstance(source, str) else {"source": source}))
    batch = collect(use_case, source if isinstance(source, str) else None)
    frame = pl.read_parquet(f"{batch.folder}/rows.parquet").sort("id")
    assert frame["_bad"].null_count() == ROWS == batch.rows
    return frame.select(orders().columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The orders in every format."""
    made, frame = tmp_path_factory.mktemp("orders"), orders()
    frame.write_csv(made / "orders.csv")
    frame.write_parquet(made / "orders.parquet")
    text = frame.write_csv(separator=";", quote_style="always")
    (made / "semicolons.csv").write_bytes(text.replace("\n", "\r\n").encode())
    (made / "latin.csv").write_bytes(text.encode("cp1252"))
    (made / "wide.csv").write_bytes(text.encode("utf-16"))
    (made / "marked.txt").write_bytes(text.encode("utf-8-sig"))
    (made / "orders.csv.gz").write_bytes(gzip.compress((made / "orders.csv").read_bytes()))
    (made / "tabs.data").write_text(frame.write_csv(separator="\t"))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM '{made}/orders.csv') TO '{made}/orders.zst' (FORMAT csv, HEADER, COMPRESSION zstd)")
        load(connection, "excel")
        connection.execute(f"COPY (FROM '{made}/orders.parquet') TO '{made}/orders.xlsx' (FORMAT xlsx, HEADER true, SHEET 'May')")
        connection.execute(f"COPY (SELECT *, id % 2 AS half FROM '{made}/orders.parquet') TO '{made}/hive' (FORMAT parquet, PARTITION_BY (half))")
    frame.with_columns(pl.col("at").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"), pl.col("paid").cast(pl.Int8)).write_parquet(
        made / "zoned.parquet"
    )
    lines = [json.dumps(row, default=str) for row in frame.to_dicts()]
    (made / "orders.ndjson").write_text("\n".join(lines))
    (made / "orders.json").write_text("[" + ",\n".join(lines) + "]")
    (made / "offset.csv").write_text(frame.with_columns(pl.col("at").dt.offset_by("2h").dt.strftime("%Y-%m-%dT%H:%M:%S+02:00")).write_csv())
    (made / "bare.csv").write_text(frame.write_csv(include_header=False))
    with sqlite3.connect(made / "orders.db") as connection:
        connection.execute(
            'CREATE TABLE orders (id INTEGER, "at" TIMESTAMP, day DATE, customer TEXT, note TEXT, amount REAL, pieces INTEGER, paid BOOLEAN)'
        )
        rows = [tuple(str(cell) if isinstance(cell, dt.date) else cell for cell in row) for row in frame.rows()]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Shop]:
    """The orders in PostgreSQL, with types that say the same otherwise."""
    import psycopg

    with shop() as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", PASSWORD)
        made.run(
            'CREATE TABLE orders (id integer, "at" timestamptz, day date, customer char(20), note text, amount float8, pieces numeric(20, 0), paid boolean)'
        )
        with psycopg.connect(made.conninfo) as connection, connection.cursor().copy("COPY orders FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write((folder / "orders.csv").read_bytes())
        yield made


@pytest.fixture(scope="module")
def bucket(folder: Path) -> Iterator[None]:
    """The orders in S3-compatible storage."""
    import boto3

    with storage() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"])
        for file in ("orders.csv", "orders.parquet", "orders.csv.gz"):
            client.upload_file(str(folder / file), "data", f"in/{file}")
        client.close()
        yield


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Web]:
    with web(folder) as served:
        yield served


def orders_source() -> Iterator[pl.DataFrame]:
    """The orders as frames."""
    yield orders()[:20]
    yield orders()[20:]


FORMATS = ["orders.csv", "orders.parquet", "semicolons.csv", "latin.csv", "wide.csv", "marked.txt", "orders.csv.gz", "orders.zst", "tabs.data", "orders.xlsx",
           "orders.xlsx?sheet=May", "hive/*/*.parquet", "hive/**/*.parquet", "zoned.parquet", "orders.ndjson", "orders.json", "offset.csv", "orders.db",
           "orders.db?table=orders", "orders.db?query=SELECT * FROM orders"]  # fmt: skip


def test_the_same_table_has_the_same_fingerprint_from_files_databases_and_servers(folder: Path, server: Shop, bucket: None, site: Web) -> None:
    sources = {
        "csv": str(folder / "orders.csv"),
        "parquet": str(folder / "orders.parquet"),
        "postgresql": f"{server.address}?table=orders",
        "sqlite": f"sqlite://{folder}/orders.db?table=orders",
        "s3": "s3://data/in/orders.parquet",
        "http": f"{site.address}/orders.csv",
        "python": Generated(orders_source),
    }
    assert len({loaded(f"from_{name}", source) for name, source in sources.items()}) == 1


@pytest.mark.parametrize("file", FORMATS)
def test_the_same_table_has_the_same_rows_in_every_format(folder: Path, file: str) -> None:
    assert staged(str(folder / file)).equals(orders())


def test_a_query_of_postgresql_has_the_same_rows(server: Shop) -> None:
    assert staged(Postgres(server.address, query="SELECT * FROM public.orders")).equals(orders())


@pytest.mark.parametrize("file", ["orders.csv", "orders.csv.gz", "*.parquet"])
def test_a_file_in_s3_has_the_same_rows(bucket: None, file: str) -> None:
    assert staged(f"s3://data/in/{file}").equals(orders())


@pytest.mark.parametrize("file", ["orders.parquet", "orders.xlsx?sheet=May"])
def test_a_file_of_an_http_server_has_the_same_rows(site: Web, file: str) -> None:
    assert staged(f"{site.address}/{file}").equals(orders())


def test_a_query_has_the_same_rows(folder: Path) -> None:
    assert staged(f"FROM read_parquet('{folder}/orders.parquet')").equals(orders())
    assert staged(Query(f"SELECT * FROM '{folder}/orders.csv'")).equals(orders())


def test_sources_joined_by_sql_are_one_table(folder: Path, server: Shop) -> None:
    joined = Joined(
        {
            "orders": Postgres(server.address, query='SELECT id, "at", day, customer, note FROM orders'),
            "payments": SQLite(str(folder / "orders.db"), query="SELECT id AS payment, amount, pieces, paid FROM orders"),
            "ids": Files((File(str(folder / "orders.csv")),), select="SELECT id FROM rows"),
        },
        "SELECT o.*, p.* FROM orders o JOIN payments p ON o.id = p.payment::INTEGER JOIN ids ON ids.id::INTEGER = o.id",
    )
    assert staged(joined).equals(orders())


def test_a_file_without_a_header_line_takes_the_names_of_its_definition(folder: Path) -> None:
    for file in ("bare.csv", "orders.csv"):
        assert staged(Files((File(str(folder / file), header=tuple(orders().columns)),))).equals(orders())


def test_a_wrong_password_is_said_without_the_password(server: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "wrong-secret")
    with pytest.raises(LifecycleError, match="password authentication failed") as error:
        staged(f"{server.address}?table=orders")
    assert "wrong-secret" not in str(error.value)


def test_a_missing_table_is_said_with_those_there_are(server: Shop, folder: Path) -> None:
    with pytest.raises(DataError, match=r"no table 'ordres'; it has public\.orders"):
        staged(f"{server.address}?table=ordres")


def test_a_password_written_out_is_refused() -> None:
    for source in (
        f"postgresql://u:{PASSWORD}@h/db?table=t",
        "https://h/f.csv?api_key=abc",
        "FROM postgres_scan('host=h password=abc', 'public', 't')",
    ):
        with pytest.raises(LifecycleError, match=r"password or key in its text.*\$\{NAME\}"):
            staged(source)


def test_an_unchanged_file_of_a_server_is_told_without_reading_it(site: Web, bucket: None, folder: Path, tmp_path: Path) -> None:
    use_case = shopping("told_remote")
    old = (folder / "orders.csv").stat()
    os.utime(folder / "orders.csv", (old.st_atime, old.st_mtime - 60))  # settled: nothing else is written in that second
    asked = len(site.asked)
    first = content_key(use_case, f"{site.address}/orders.csv")
    assert first
    assert first == content_key(use_case, f"{site.address}/orders.csv")
    assert [line.split()[0] for line in site.asked[asked:]] == ["HEAD", "HEAD"]
    os.utime(folder / "orders.csv", (old.st_atime, old.st_mtime - 120))
    assert first != content_key(use_case, f"{site.address}/orders.csv")
    assert content_key(use_case, f"{site.address}/absent.csv") is None
    assert content_key(use_case, f"postgresql://u@{site.address[7:]}/db?table=t") is None


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{site}/absent.csv", r"answers 404 .*check the address"),
        ("s3://data/absent.csv", r"s3://data/absent\.csv does not exist"),
        ("s3://data/absent/*.parquet", r"no file matches s3://data/absent"),
        ("s3://data/absent.parquet", r"cannot be read|does not exist"),
        ("{folder}/orders.xlsx?sheet=June", r"no sheet 'June'; it has May"),
        ("{folder}/orders.db?table=absent", r"absent"),
        ("SELECT * FROM nowhere", r"cannot be read: Catalog Error"),
        ("from=2026-01-01", r"a range needs a cursor"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(site: Web, bucket: None, folder: Path, source: str, says: str) -> None:
    with pytest.raises(LifecycleError, match=says) as error:
        staged(source.format(site=site.address, folder=folder))
    assert "\n" not in str(error.value)


def test_a_server_that_is_away_is_an_outage_that_trying_again_can_mend() -> None:
    for source in ("http://127.0.0.1:9/orders.csv", "postgresql://me@127.0.0.1:9/shop?table=orders"):
        with pytest.raises(Outage, match=r"127\.0\.0\.1:9.*does not answer"):
            staged(source)
