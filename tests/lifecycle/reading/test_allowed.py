"""What a source may name that came from Prefect's form: the definition's own, LIFECYCLE_DATA, and what is allowed by name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lifecycle.errors import LifecycleError
from lifecycle.reading import allowed
from lifecycle.settings import settings
from lifecycle.sources import File, Files, Generated, Postgres
from lifecycle.sources.spelling import chosen
from lifecycle.stages.collect import collect
from lifecycle.store.lake import Lake
from lifecycle.usecase import UseCase
from tests.lifecycle.reading.test_redirects import Server
from tests.toys import toy, visit_source, visits

MAY_NOT = r"may not be read by a run that was started on the Prefect server; allow .* in LIFECYCLE_SOURCES"


class World:
    """Folders and servers of which some may be read."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root, self.patch = root, patch
        for name in ("data", "data/deep", "own", "more", "private", "database"):
            (root / name).mkdir()
            visits(20).write_csv(root / name / "visits.csv")
        (root / "data" / "link.csv").symlink_to(root / "private" / "visits.csv")
        (root / "data" / "linked").symlink_to(root / "private")
        (root / "data" / "inside.csv").symlink_to(root / "data" / "visits.csv")
        (root / "data2").mkdir()
        visits(20).write_csv(root / "data2" / "visits.csv")
        self.use_case = toy("held", source=Files((File(f"{root}/own/*.csv"),)), allows=(str(root / "more"),))
        self.settings(
            LIFECYCLE_DATA=str(root / "data"), LIFECYCLE_SOURCES="https://data.example.com/exports/,s3://bucket/out,postgresql://db.example.com/shop"
        )

    def settings(self, **more: str) -> None:
        for name, value in more.items():
            self.patch.setenv(name, value)
        settings.cache_clear()

    def may(self, source: str, use_case: UseCase | None = None) -> Any:
        return chosen(use_case or self.use_case, source.replace("{root}", str(self.root)))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    home = settings().home
    monkeypatch.setenv("LIFECYCLE_HOME", str(home))
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "visits.parquet").write_bytes(b"")
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("ELSEWHERE", "http://169.254.169.254/latest/meta-data")
    monkeypatch.setenv("HOST", "data.example.com")
    allowed.limit(True)
    try:
        yield World(tmp_path, monkeypatch)
    finally:
        allowed.limit(False)
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize(
    "source",
    [
        "visits.csv",
        "deep/visits.csv",
        "*.parquet",
        "**/visits.csv?delimiter=,",
        "inside.csv",
        "{root}/data/visits.csv",
        "{root}/own/visits.csv",
        "{root}/own/*.csv",
        "{root}/more/visits.csv",
        "sqlite://{root}/more/shop.db?table=orders",
        "https://data.example.com/exports/may.csv",
        "https://DATA.example.com:443/exports/may.csv?year=2026",
        "https://me:${TOKEN}@data.example.com/exports/may.csv",
        "https://${HOST}/exports/may.csv",
        "s3://bucket/out/*.parquet",
        "postgresql://me:${TOKEN}@db.example.com:5432/shop?table=orders&sslmode=require",
        "from=2026-01-01,until=2026-02-01",
        "SELECT * FROM '{root}/data/visits.csv'",
        "FROM read_csv('{root}/data/*.csv', header = true), range(3)",
        "FROM read_parquet(['s3://bucket/out/a.parquet', '{root}/more/b.parquet'])",
        "WITH a AS (FROM '{root}/own/visits.csv') SELECT * FROM a JOIN a AS b USING (visit)",
        "FROM held_lake.raw",
    ],
)
def test_what_is_allowed_is_let_through(world: World, the_lake: Lake, source: str) -> None:
    world.patch.setenv("TOKEN", "hush")
    the_lake.cursor().execute("CREATE SCHEMA IF NOT EXISTS held_lake")
    the_lake.cursor().execute("CREATE TABLE IF NOT EXISTS held_lake.raw (i INTEGER)")
    (world.root / "data" / "linked").unlink()
    (world.root / "data" / "link.csv").unlink()
    (world.root / "data" / "a.parquet").write_bytes(b"")
    (world.root / "more" / "shop.db").write_bytes(b"")
    assert world.may(source)


@pytest.mark.parametrize(
    "source",
    [
        "/etc/shadow",
        "/etc/hosts",
        "/etc/no-such-file",
        "{root}/private/visits.csv",
        "{root}/data2/visits.csv",
        "{root}/data/../private/visits.csv",
        "../private/visits.csv",
        "deep/../../private/visits.csv",
        "link.csv",
        "linked/visits.csv",
        "linked/*.csv",
        "*.csv",
        "**/*.csv",
        "{root}/*/visits.csv",
        "{root}/pri?ate/visits.csv",
        "~/.ssh/id_rsa",
        "visits.parquet",
        "file:///etc/hosts",
        "\\\\host\\share\\visits.csv",
        "//host/share/visits.csv",
        "ftp://data.example.com/exports/may.csv",
        "gs://bucket/out/may.csv",
        "/proc/self/environ",
        "sqlite:///etc/shop.db?table=orders",
        "{root}/private/shop.db?query=SELECT 1",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:8000/live",
        "http://127.0.0.1:5000/api",
        "http://data.example.com/exports/may.csv",
        "https://data.example.com:8443/exports/may.csv",
        "https://data.example.com/other/may.csv",
        "https://data.example.com/exports2/may.csv",
        "https://data.example.com/exports/../other/may.csv",
        "https://data.example.com/exports/%2e%2e/other/may.csv",
        "https://data.example.com/exports/%252e%252e/other/may.csv",
        "https://data.example.com.evil.example/exports/may.csv",
        "https://evil.example/exports/may.csv?https://data.example.com/exports/",
        "https://evil.example\\data.example.com/exports/may.csv",
        "https://${ELSEWHERE}",
        "${ELSEWHERE}",
        "s3://other/out/may.parquet",
        "s3://bucket/outside/may.parquet",
        "s3://bucket/out/../private/may.parquet",
        "s3://bucket/out/?/../../private/may.parquet",
        "postgresql://other.example.com/shop?table=orders",
        "postgresql://db.example.com/shop?host=/var/run/postgresql&table=orders",
        "postgresql://db.example.com/shop?hostaddr=10.0.0.1&table=orders",
        "postgresql://db.example.com/shop?passfile=/etc/shadow&table=orders",
        "postgresql://db.example.com:5433/shop?table=orders",
        "postgresql://db.example.com,other.example.com/shop?table=orders",
        "postgresql://db.example.com/other?table=orders",
        "SELECT * FROM read_text('/etc/shadow')",
        "SELECT content AS kind FROM read_text('{root}/private/visits.csv')",
        "FROM '/etc/hosts'",
        "FROM visits.parquet",
        "FROM 'visits.parquet'",
        "FROM read_csv('{root}/data/../private/visits.csv')",
        "FROM read_csv('{root}/data/link.csv')",
        "FROM read_csv('{root}/data/*.csv')",
        "FROM read_csv(['{root}/data/visits.csv', '/etc/hosts'])",
        "FROM read_csv('/etc/' || 'hosts')",
        "FROM read_csv(files := '/etc/hosts')",
        "FROM read_csv(getvariable('x'))",
        "FROM read_blob('/etc/hosts')",
        "FROM glob('/etc/*')",
        "FROM '{root}/data/visits.csv' WHERE amount < (SELECT count(*) FROM read_text('/etc/hosts'))",
        "FROM 'https://data.example.com/exports/may.csv'",
        "FROM 's3://other/out/may.parquet'",
        "FROM postgres_scan('host=/tmp', 'public', 't')",
        "FROM postgres_query('__ducklake_metadata_lake', 'SELECT pg_read_file(''/etc/hosts'')')",
        "FROM __ducklake_metadata_lake.public.ducklake_table",
        "FROM sqlite_scan('{root}/private/shop.db', 't')",
        "FROM duckdb_secrets()",
        "FROM query('FROM read_text(''/etc/hosts'')')",
        "FROM held_absent.raw",
        "SELECT current_setting('temp_directory') AS kind",
    ],
)
def test_what_is_not_allowed_is_refused_in_one_sentence_before_anything_is_read(world: World, source: str) -> None:
    (world.root / "private" / "shop.db").write_bytes(b"")
    with pytest.raises(LifecycleError, match=MAY_NOT) as error:
        world.may(source)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "source",
    [
        "SELECT 1; COPY (SELECT 1) TO '{root}/copied.csv'",
        "SELECT 1) ; COPY (SELECT 1) TO '{root}/copied.csv'; SELECT * FROM (SELECT 1",
        "FROM '{root}/data/visits.csv'); CALL postgres_execute('__ducklake_metadata_lake', 'SELECT 1'); FROM (SELECT 1",
    ],
)
def test_more_than_one_statement_is_refused_whoever_types_it(world: World, source: str) -> None:
    with pytest.raises(LifecycleError, match=r"found 2 statements|cannot be read"):
        world.may(source)
    allowed.limit(False)
    with pytest.raises(LifecycleError, match=r"more than one SQL statement|cannot be read"):
        collect(world.use_case, source.replace("{root}", str(world.root)))
    assert not (world.root / "copied.csv").exists()


def test_a_name_in_a_query_would_put_a_secret_among_the_rows(world: World) -> None:
    with pytest.raises(LifecycleError, match=r"takes no \$\{NAME\}, whose value would be among the rows"):
        world.may("SELECT '${HOST}' AS kind")


def test_a_function_is_given_words_numbers_and_moments_and_no_other_places(world: World) -> None:
    use_case = toy("held_function", source=Generated(visit_source, {"url": "https://own.example/api", "rows": 10}))
    for source in ("rows=20,start=2026-01-01 10:00:00,kind=a b", "rows=5,seed=None,part=0.5"):
        assert world.may(source, use_case)
    for source in ("url=http://169.254.169.254/", "path=/etc/hosts", "path=../x", "path=visits.parquet", "url=${ELSEWHERE}", "paths=['/etc/hosts']"):
        with pytest.raises(LifecycleError, match=MAY_NOT):
            world.may(source, use_case)


def test_the_definitions_own_source_needs_no_permission(world: World) -> None:
    address = "postgresql://me@own.example.com/shop"
    use_case = toy("held_own", source=Postgres(address, "orders"))
    assert world.may(f"{address}?table=orders", use_case)
    assert chosen(use_case, None) is use_case.source
    with pytest.raises(LifecycleError, match=MAY_NOT):
        world.may(f"{address}?table=salaries", use_case)


def test_a_star_allows_everything_and_the_command_line_is_not_held(world: World) -> None:
    allowed.limit(False)
    assert world.may("/etc/hosts")
    allowed.limit(True)
    world.settings(LIFECYCLE_SOURCES="*")
    assert world.may("/etc/hosts")


def test_a_server_that_is_allowed_may_not_send_us_to_another(world: World) -> None:
    other = Server()
    first = Server(other.address)
    try:
        world.settings(LIFECYCLE_SOURCES=first.address)
        assert collect(world.use_case, f"{first.address}/home/visits.csv").rows == 50
        with pytest.raises(LifecycleError, match=r"sends us to .* which this source may not be read from"):
            collect(world.use_case, f"{first.address}/away/visits.csv")
        assert other.told == []
    finally:
        first.end()
        other.end()


def test_headers_of_the_definition_are_not_sent_to_a_server_that_was_typed(world: World) -> None:
    world.patch.setenv("TOKEN", "hush-hush")
    own, typed = Server(), Server()
    try:
        use_case = toy("held_headers", source=Files((File(f"{own.address}/visits.csv", headers={"X-Key": "${TOKEN}"}),)))
        allowed.limit(False)
        assert collect(use_case, f"{typed.address}/visits.csv").rows == 50
        assert "hush-hush" not in "".join(typed.told)
        assert collect(use_case, f"{own.address}/other.csv").rows == 50
        assert "hush-hush" in "".join(own.told)
    finally:
        own.end()
        typed.end()


def test_rows_of_an_allowed_query_come_in(world: World) -> None:
    (world.root / "data" / "link.csv").unlink()
    assert collect(world.use_case, f"SELECT * FROM '{world.root}/data/visits.csv'").rows == 20
    assert pl.read_csv(world.root / "data" / "visits.csv").height == 20
