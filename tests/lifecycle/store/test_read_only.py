"""What `lifecycle sql` runs on: a query that only reads the lake, on a connection that can do nothing else."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

import duckdb
import psycopg
import pytest

from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import database, readable
from lifecycle.store.lake import Lake, _connect, read_only
from tests.lifecycle.servers import PASSWORD, storage

OUTSIDE = f"{gettempdir()}/lifecycle-{uuid4().hex}-"
"""How the files begin that are outside of the lake, and that no query makes."""
READS = [
    "SELECT 1",
    "FROM sealed.raw",
    "SELECT count(*) FROM lake.sealed.raw AT (VERSION => 3)",
    "WITH raw AS (FROM sealed.raw), duckdb_settings AS (SELECT 1) SELECT * FROM raw, duckdb_settings",
    "FROM sealed.raw WHERE i IN (SELECT unnest([1, 2]))",
    "SELECT sum(i) OVER (ORDER BY i) FROM sealed.raw",
    "PIVOT sealed.raw ON i IN (1, 2) USING count(*)",
    "FROM lake.snapshots()",
    "FROM ducklake_table_changes('lake', 'sealed', 'raw', 3, 3)",
    "FROM sealed.raw AT (TIMESTAMP => now())",
    "FROM duckdb_tables()",
    "FROM duckdb_columns",
    "FROM information_schema.tables",
    "DESCRIBE sealed.raw",
    "SUMMARIZE sealed.raw",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "VALUES (1), (2)",
    "SELECT i AS \"duckdb_secrets()\", 'read_text(''/etc/shadow'')' AS said FROM sealed.raw; -- COPY x TO 'y'",
    "FROM range(10)",
]
STATEMENTS = [
    "COPY sealed.raw TO '{outside}copied.csv'",
    "COPY (SELECT 1) TO '{storage}/copied.csv'",
    "COPY sealed.raw FROM '/etc/passwd'",
    "ATTACH '{outside}attached.db'",
    "ATTACH 'host={host} user=postgres dbname=lifecycle_lake' AS p (TYPE postgres)",
    "DETACH lake",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY sealed.raw TO '{outside}copied.csv'",
    "SET memory_limit = '1GB'",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "LOAD httpfs",
    "INSTALL httpfs",
    "EXPORT DATABASE '{outside}exported'",
    "IMPORT DATABASE '{outside}exported'",
    "CALL postgres_execute('__ducklake_metadata_lake', 'COPY (SELECT 1) TO PROGRAM ''touch {outside}ran''')",
    "CALL ducklake_expire_snapshots('lake')",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "CREATE TABLE sealed.more (i int)",
    "CREATE TEMP TABLE more AS SELECT 1",
    "CREATE OR REPLACE MACRO f() AS 1",
    "INSERT INTO sealed.raw VALUES (1)",
    "DELETE FROM sealed.raw",
    "DROP SCHEMA sealed CASCADE",
    "USE memory",
    "PREPARE a AS SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM sealed.raw",
    "BEGIN",
    "VACUUM",
    "CHECKPOINT lake",
    "",
    "SELEKT 1",
]
BEYOND = [
    "FROM read_text('/etc/shadow')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT (SELECT content FROM read_text('/etc/hostname'))",
    "FROM sealed.raw WHERE i IN (SELECT 1 FROM read_blob('/etc/hostname'))",
    "WITH a AS (FROM read_csv('/etc/passwd')) FROM a",
    "FROM sealed.raw, LATERAL (FROM read_csv('/etc/passwd'))",
    "SELECT 1 UNION ALL SELECT 1 FROM read_text('/etc/hostname')",
    "PIVOT (FROM read_csv('/etc/passwd', columns={'a': 'VARCHAR'})) ON a IN ('x')",
    "DESCRIBE FROM read_csv('/etc/passwd')",
    "FROM READ_TEXT('/etc/hostname')",
    "FROM glob('/etc/*')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM query('FROM duckdb_secrets()')",
    "FROM query_table('duckdb_secrets')",
    "FROM json_execute_serialized_sql('{}')",
    "FROM postgres_query('__ducklake_metadata_lake', 'SELECT pg_read_file(''/etc/hostname'')')",
    "FROM postgres_scan('host={host} user=postgres dbname=lifecycle_lake', 'public', 'ducklake_table')",
    "FROM postgres_execute('__ducklake_metadata_lake', 'SELECT 1')",
    "FROM postgres_attach('host={host}')",
    "FROM postgres_configure_pool()",
    "FROM __ducklake_metadata_lake.public.ducklake_table",
    "FROM __ducklake_metadata_lake.ducklake_table",
    'FROM "__DUCKLAKE_METADATA_lake".public.ducklake_table',
    "FROM duckdb_secrets()",
    "FROM which_secret('s3://a', 's3')",
    "FROM duckdb_databases()",
    "FROM duckdb_databases",
    "FROM main.duckdb_databases",
    "FROM system.main.duckdb_databases",
    "FROM DuckDB_Databases",
    "FROM duckdb_settings()",
    "FROM pg_catalog.pg_settings",
    "SELECT current_setting('temp_directory')",
    "SELECT getenv('HOME')",
    "FROM duckdb_logs",
    "FROM ducklake_list_files('lake', 'raw')",
    "FROM ducklake_options('lake')",
    "FROM lake.options()",
    "FROM ducklake_expire_snapshots('lake')",
    "FROM enable_logging()",
    "FROM checkpoint('lake')",
    "FROM memory.main.x",
]


@pytest.fixture(scope="module")
def sealed(the_lake: Lake) -> Lake:
    """The connection of a person's query."""
    the_lake.cursor().execute("CREATE SCHEMA IF NOT EXISTS sealed")
    the_lake.cursor().execute("CREATE TABLE IF NOT EXISTS sealed.raw AS SELECT range AS i FROM range(10)")
    the_lake.cursor().execute("INSERT INTO sealed.raw VALUES (10)")
    return read_only(settings())


def filled(query: str, sealed: Lake) -> str:
    return query.replace("{storage}", sealed.storage).replace("{host}", sealed.server.host).replace("{outside}", OUTSIDE)


@pytest.mark.parametrize("query", READS)
def test_a_query_that_reads_the_lake_is_answered(sealed: Lake, query: str) -> None:
    version = sealed.version()
    query = query.replace("VERSION => 3", f"VERSION => {version}").replace("3, 3", f"{version - 1}, {version}")
    readable.check(query)
    assert sealed.cursor().execute(query).pl().width > 0


@pytest.mark.parametrize("query", STATEMENTS)
def test_a_statement_that_does_more_is_refused_in_one_sentence(sealed: Lake, query: str) -> None:
    with pytest.raises(LifecycleError, match=r"^(a query only reads, found|the query cannot be read)") as error:
        readable.check(filled(query, sealed))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("query", BEYOND)
def test_what_is_not_of_the_lake_is_refused_in_one_sentence(sealed: Lake, query: str) -> None:
    with pytest.raises(LifecycleError, match=r"^'lifecycle sql' only reads the lake, and .* is not of it") as error:
        readable.check(filled(query, sealed))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "query",
    [
        "COPY sealed.raw TO '{outside}copied.csv'",
        "FROM read_text('/etc/hostname')",
        "FROM read_text('{storage}/../postgres/data/PG_VERSION')",
        "FROM '/etc/passwd.csv'",
        "ATTACH '{outside}attached.db'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SET allowed_configs = ['enable_external_access']",
        "LOAD httpfs",
        "INSERT INTO sealed.raw VALUES (1)",
        "CREATE TABLE lake.sealed.more (i int)",
        "CALL ducklake_expire_snapshots('lake', older_than => now())",
        "FROM postgres_query('__ducklake_metadata_lake', 'SELECT pg_read_file(''/etc/hostname'')')",
        "FROM postgres_query('__ducklake_metadata_lake', 'SELECT lo_export(1, ''{outside}ran'')')",
        "CALL postgres_execute('__ducklake_metadata_lake', 'COPY (SELECT 1) TO PROGRAM ''touch {outside}ran''')",
        "CALL postgres_execute('__ducklake_metadata_lake', 'DELETE FROM ducklake_table')",
        "CALL postgres_execute('__ducklake_metadata_lake', 'COMMIT; SET default_transaction_read_only = off; DELETE FROM public.ducklake_table')",
        "CALL postgres_execute('__ducklake_metadata_lake', 'COMMIT; SET ROLE postgres; DELETE FROM public.ducklake_table')",
    ],
)
def test_the_connection_refuses_them_too_whatever_the_query_looked_like(sealed: Lake, query: str) -> None:
    """Where somebody finds a query that the reading of it takes for another, files, settings and the catalogue are still closed."""
    with pytest.raises(duckdb.Error):
        sealed.cursor().execute(filled(query, sealed)).fetchall()
    assert not any(Path(f"{OUTSIDE}{name}").exists() for name in ("copied.csv", "attached.db", "ran"))


def test_no_python_variable_is_a_table(sealed: Lake) -> None:
    import polars as pl

    secrets = pl.DataFrame({"a": [1]})
    with pytest.raises(duckdb.CatalogException):
        sealed.cursor().execute("FROM secrets").fetchall()
    assert secrets.height == 1


def test_the_reading_role_may_read_the_catalogue_and_nothing_else(sealed: Lake) -> None:
    def refused(statement: str, purpose: database.Purpose = "lake") -> bool:
        with psycopg.connect(sealed.server.conninfo(purpose), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                return True
            return False

    assert not refused("SELECT count(*) FROM ducklake_table")
    for statement in (
        "DELETE FROM ducklake_table",
        "CREATE TABLE mine (i int)",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/hostname')",
        "SET ROLE postgres",
        "CREATE ROLE another",
        "ALTER ROLE lifecycle_reader SUPERUSER",
    ):
        assert refused(statement), statement


def test_many_readers_at_once_make_one_role(sealed: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: database.reader(settings()).user, range(16))) == {database.READER}
    with psycopg.connect(database.connect(settings()).conninfo("lake"), autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {database.READER}".encode())
        connection.execute(f"DROP ROLE {database.READER}".encode())
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: database.reader(settings()).user, range(16))) == {database.READER}


def test_a_server_of_ones_own_is_read_in_transactions_that_only_read() -> None:
    from pydantic import SecretStr

    at = settings()
    socket = database.connect(at).host
    own = at.model_copy(update={"database_url": SecretStr(f"postgresql://postgres@/lifecycle?host={socket}&options=-c%20statement_timeout%3D60000")})
    with psycopg.connect(database.reader(own).conninfo("lake")) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("1min",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (i int)")


def test_a_lake_in_s3_is_read_and_no_other_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    at = settings()
    with storage() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with psycopg.connect(database.connect(at).conninfo(), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS cloud_lake")
            connection.execute("CREATE DATABASE cloud_lake")
        server = database.replace(database.connect(at), base="cloud")
        writing = _connect(server, "s3://data/lake", False)
        writing.execute("CREATE SCHEMA lake.cloudy; CREATE TABLE lake.cloudy.raw AS SELECT range AS i FROM range(10000)")
        writing.execute("COPY (SELECT 1 AS i) TO 's3://data/other/x.parquet' (FORMAT parquet)")
        reading = Lake(server, "s3://data/lake", read_only=True)
        assert reading.value("SELECT sum(i) FROM cloudy.raw") == 49_995_000
        with pytest.raises(duckdb.PermissionException):
            reading.rows("FROM 's3://data/other/x.parquet'")
        assert PASSWORD not in str(reading.rows("FROM duckdb_secrets()"))
        for each in (writing, reading._connection):
            each.close()
    with psycopg.connect(database.connect(at).conninfo(), autocommit=True) as connection:
        connection.execute("DROP DATABASE cloud_lake WITH (FORCE)")


def test_taking_a_long_query_apart_takes_no_long_time() -> None:
    readable.check("SELECT " + ", ".join(f"i + {number} AS c{number}" for number in range(2_000)) + " FROM sealed.raw")
    deep = "SELECT 1" + "".join(f" FROM (SELECT {number}" for number in range(200)) + ")" * 200
    readable.check(deep)
