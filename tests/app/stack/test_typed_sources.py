"""What is typed as a source into a form of a real stack: a secret is nowhere afterwards, and no file is read that is not allowed."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lifecycle.reading import web
from lifecycle.store import postgres
from tests.app.stack.conftest import Stack
from tests.toys import visits

pytestmark = pytest.mark.system

SECRET = "hush-hush-typed-1"
ADDRESS = f"postgresql://me:{SECRET}@127.0.0.1:9/shop?table=orders"


class Typed(Stack):
    """A stack with a data folder, and what its database holds."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, LIFECYCLE_DATA=str(root / "data"))
        for name in ("data", "private"):
            (root / name).mkdir()
            visits(300).write_csv(root / name / "visits.csv")
        (root / "data" / "link.csv").symlink_to(root / "private" / "visits.csv")
        self.root = root

    def holding(self, text: str) -> list[str]:
        """The tables of Prefect's database with a row that has a text in it."""
        host = postgres.socket_folder(self.home / "postgres")
        with psycopg.connect(f"host={host} user=postgres dbname=lifecycle_prefect", autocommit=True) as connection:
            tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
            assert "flow_run" in tables
            found = f"SELECT count(*) FROM public.\"{{}}\" AS row WHERE strpos(row::text, '{text}') > 0"
            return [name for name in tables if (connection.execute(found.format(name).encode()).fetchone() or (0,))[0]]

    def files(self, text: str) -> list[Path]:
        """The files of the home folder that have it, the database's own and the logs among them."""
        return [path for path in self.home.rglob("*") if path.is_file() and not path.is_socket() and text.encode() in path.read_bytes()]

    def failed(self, deployment: str, **parameters: Any) -> str:
        """Run a deployment to its bad end. Returns its state's message."""
        ended = self.wait(self.start(deployment, **parameters))
        assert ended["state_type"] == "FAILED", ended["state"]
        return ended["state"]["message"]


@pytest.fixture(scope="module")
def typed() -> Iterator[Typed]:
    root = Path(tempfile.mkdtemp(prefix="lifecycle-typed-"))
    made = Typed(root)
    made.up()
    yield made
    made.down()
    shutil.rmtree(root, ignore_errors=True)


def test_a_secret_is_refused_before_it_is_stored_and_the_refusal_does_not_repeat_it(typed: Typed) -> None:
    for deployment in ("ingest", "lifecycle"):
        for source in (ADDRESS, f"https://host/orders.csv?key={SECRET}", f"FROM postgres_scan('password=''{SECRET}''', 'a', 'b')"):
            code, why = typed.refused(deployment, use_case="shop", source=source)
            assert code == 409
            assert "write ${NAME} in its place" in why
            assert "as a Prefect Secret block" in why
            assert SECRET not in why
    assert typed.holding(SECRET) == []
    assert typed.files(SECRET) == []


def test_a_default_of_the_deployment_is_refused_too(typed: Typed) -> None:
    found = typed.server("GET", "/deployments/name/ingest/ingest")
    with pytest.raises(web.Refused) as error:
        typed.server("PATCH", f"/deployments/{found['id']}", {"parameters": {"use_case": "shop", "source": ADDRESS}})
    assert error.value.answer.status_code == 409
    assert typed.holding(SECRET) == []


def test_who_asks_the_server_not_to_look_has_it_taken_out_by_the_run(typed: Typed) -> None:
    found = typed.server("GET", "/deployments/name/ingest/ingest")
    asked = {"parameters": {"use_case": "shop", "source": ADDRESS}, "enforce_parameter_schema": False, "state": {"type": "SCHEDULED"}}
    run = typed.server("POST", f"/deployments/{found['id']}/create_flow_run", asked)["id"]
    ended = typed.wait(run)
    assert ended["state_type"] == "FAILED"
    assert "write ${NAME} in its place" in ended["state"]["message"]
    assert ended["parameters"]["source"] == "postgresql://me:***@127.0.0.1:9/shop?table=orders"
    assert typed.until(lambda: typed.holding(SECRET) == [])


def test_a_schedule_has_it_taken_out_by_its_first_run(typed: Typed) -> None:
    found = typed.server("GET", "/deployments/name/ingest/ingest")
    often = {"slug": "often", "active": True, "schedule": {"interval": 30}, "parameters": {"use_case": "shop", "source": ADDRESS}}
    typed.server("POST", f"/deployments/{found['id']}/schedules", [often])
    typed.until(lambda: typed.holding(SECRET) == [], 150)
    schedules = typed.server("GET", f"/deployments/{found['id']}/schedules")
    (mine,) = [each for each in schedules if each["slug"] == "often"]
    assert mine["parameters"]["source"] == "postgresql://me:***@127.0.0.1:9/shop?table=orders"
    assert mine["active"] is False


def test_a_name_in_its_place_is_taken(typed: Typed) -> None:
    said = typed.failed("ingest", use_case="shop", source="postgresql://me:${NO_SUCH_PASSWORD}@127.0.0.1:9/shop?table=orders")
    assert "may not be read by a run that was started on the Prefect server" in said


@pytest.mark.parametrize(
    "source",
    [
        "SELECT 1 AS visit, content AS kind FROM read_text('/etc/shadow')",
        "/etc/passwd",
        "link.csv",
        "../private/visits.csv",
        "http://169.254.169.254/latest/meta-data/",
        "postgresql://postgres@127.0.0.1/shop?table=orders",
    ],
)
def test_what_a_form_may_not_name_ends_the_run_in_one_sentence_and_lands_nowhere(typed: Typed, source: str) -> None:
    said = typed.failed("ingest", use_case="shop", source=source)
    assert "may not be read by a run that was started on the Prefect server; allow" in said
    assert typed.command("sql", "SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name = 'shop' AND table_name = 'raw'", "--json").stdout.count(
        '"n": 0'
    )


def test_what_it_may_name_is_read(typed: Typed) -> None:
    assert "300 kept" in typed.done("ingest", use_case="shop", source="visits.csv")
    assert "300 duplicates" in typed.done("ingest", use_case="shop", source=f"SELECT * FROM '{typed.root}/data/visits.csv'")
    done = typed.command("ingest", "shop", "--source", str(typed.root / "private" / "visits.csv"), "--json")
    assert done.returncode == 0, done.stderr
