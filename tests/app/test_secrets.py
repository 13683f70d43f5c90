"""A password is in the environment or in a Prefect block, and nowhere else: neither in a file nor in what is said."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from app import prefect_server
from lifecycle.store import postgres
from tests.app.conftest import ROOT, surroundings
from tests.lifecycle.servers import PASSWORD, Shop, shop
from tests.toys import visits

pytestmark = pytest.mark.system

WRONG = "wrong-hush/2"
MAKE_BLOCK = """
import os

from app import environment, prefect_server
from lifecycle.settings import settings

environment.prepare(settings())
prefect_server.wait(settings(), prefect_server.start(settings()))

from prefect.blocks.system import Secret

Secret(value=os.environ["HELD"]).save("kept-password")
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A home folder of its own, read to the last byte afterwards."""
    made = Path(tempfile.mkdtemp(prefix="lifecycle-secret-"))
    yield made
    prefect_server.stop(made)
    postgres.stop(made / "postgres")
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Shop]:
    with shop() as made:
        made.run(
            "CREATE TABLE visits (visit bigint, at timestamp, customer bigint, gender text, amount float8, kind text, age float8, bought boolean)"
        )
        import psycopg

        with psycopg.connect(made.conninfo) as connection, connection.cursor().copy("COPY visits FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(visits(500).write_csv())
        yield made


def run(place: Path, tmp_path: Path, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    definitions = tmp_path / "definitions"
    definitions.mkdir(exist_ok=True)
    (definitions / "shop.py").write_text('from tests.toys import toy\n\nuse_case = toy("shop")\n')
    environment = surroundings(place, definitions, more)
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300, cwd=ROOT)


def written(place: Path, secret: str) -> list[Path]:
    """Files under the home folder that hold a secret, plainly or as in an address."""
    signs = {secret.encode(), quote(secret, safe="").encode()}
    return [file for file in place.rglob("*") if file.is_file() and not file.is_socket() and any(sign in file.read_bytes() for sign in signs)]


def test_a_password_leaves_no_trace_also_where_it_is_wrong_or_in_a_prefect_block(place: Path, tmp_path: Path, server: Shop) -> None:
    def ingest(source: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return run(place, tmp_path, "-m", "app.cli", "ingest", "shop", "--source", source, "--json", "--debug", **more)

    address = f"{server.address}?table=visits"
    wrong = ingest(address, SHOP_PASSWORD=WRONG)
    assert wrong.returncode == 1
    assert "password authentication failed" in wrong.stderr
    right = ingest(address, SHOP_PASSWORD=PASSWORD)
    assert right.returncode == 0, right.stderr[-2_000:]
    assert json.loads(right.stdout.splitlines()[-1])["snapshot"]["kept"] == 500
    made = run(place, tmp_path, "-c", MAKE_BLOCK, HELD=PASSWORD)
    assert made.returncode == 0, made.stderr[-2_000:]
    kept = ingest(address.replace("SHOP_PASSWORD", "KEPT_PASSWORD"))
    assert kept.returncode == 0, kept.stderr[-2_000:]
    assert json.loads(kept.stdout.splitlines()[-1])["snapshot"]["duplicates"] == 500
    absent = ingest(address.replace("SHOP_PASSWORD", "NO_PASSWORD"))
    assert "${NO_PASSWORD} has no value; set NO_PASSWORD in the environment or .env, or make the Prefect Secret block 'no-password'" in absent.stderr
    written_out = ingest(address.replace("${SHOP_PASSWORD}", WRONG))
    assert "has a password or key in its text" in written_out.stderr

    said = "".join(each.stdout + each.stderr for each in (wrong, right, kept, absent, written_out))
    for secret in (PASSWORD, WRONG):
        assert secret not in said
        assert written(place, secret) == []
    assert (place / "postgres").exists()
