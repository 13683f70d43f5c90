"""What other tools, companies and machines leave in an environment changes nothing."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import environment, prefect_server
from lifecycle.settings import Settings
from lifecycle.store import database, postgres
from tests.app.conftest import Lifecycle, surroundings

LIBPQ = {
    "PGHOST": "db.example.com", "PGHOSTADDR": "192.0.2.1", "PGPORT": "6543", "PGUSER": "nobody", "PGDATABASE": "shop", "PGSSLMODE": "require",
    "PGSERVICE": "gone", "PGOPTIONS": "-c search_path=other", "PGDATA": "/nowhere", "PGCLIENTENCODING": "LATIN1", "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "scram-sha-256",
}  # fmt: skip
PROXIES = {name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")} | {"ALL_PROXY": "socks5h://127.0.0.1:9"}
TOOLS = {
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
    "MLFLOW_RUN_ID": "0123456789abcdef0123456789abcdef",
    "PREFECT_PROFILE": "work",
    "TMPDIR": "/gone",
}
NOWHERE = {"LC_ALL": "xx_YY.UTF-8", "LANG": "xx_YY.UTF-8", "TERM": "dumb"}
BARE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.fixture(scope="module")
def odd() -> Iterator[Path]:
    """A home whose path no quoting of somebody else's survives."""
    folder = Path(tempfile.mkdtemp(prefix="lifecycle-tests-"))
    home = folder / 'it\'s "home" of Łukasz [1]'
    yield home
    prefect_server.stop(home)
    postgres.stop(home / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_first_run_succeeds_whatever_the_environment_holds(lifecycle: Lifecycle, odd: Path) -> None:
    done = lifecycle("ingest", "shop", "--json", LIFECYCLE_HOME=str(odd), NO_PROXY="example.com", **LIBPQ, **PROXIES, **TOOLS, **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["snapshot"]["rows"] > 0
    others = [path for path in odd.rglob("*") if path.stat().st_uid == os.geteuid() and path != odd / "postgres"]
    assert [path for path in others if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert stat.S_IMODE(odd.stat().st_mode) == 0o700


@pytest.mark.parametrize("alphabet", [{"PYTHONIOENCODING": "ascii"}, BARE])
def test_an_answer_is_not_lost_to_the_alphabet_of_the_terminal(lifecycle: Lifecycle, odd: Path, alphabet: dict[str, str]) -> None:
    plain = lifecycle("sql", "SELECT 'Łódź' AS city", LIFECYCLE_HOME=str(odd), **alphabet)
    assert (plain.returncode, plain.stdout.splitlines()[-1]) == (0, "\\u0141\\xf3d\\u017a"), plain.stderr
    scripts = lifecycle("sql", "SELECT 'Łódź' AS city", "--json", LIFECYCLE_HOME=str(odd), **alphabet)
    assert json.loads(scripts.stdout) == {"columns": ["city"], "rows": [{"city": "Łódź"}]}
    wrong = lifecycle("history", "Łódź", LIFECYCLE_HOME=str(odd), **alphabet)
    assert wrong.returncode == 2
    assert "\\u0141\\xf3d\\u017a" in wrong.stderr


def test_this_machine_is_reached_without_a_proxy_and_the_others_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ) | PROXIES | {"NO_PROXY": "example.com"})
    os.environ.pop("no_proxy", None)
    before = os.umask(0o022)
    environment.prepare(Settings(home=tmp_path / "home"))
    os.umask(before)
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "example.com,127.0.0.1,localhost,::1"
    assert os.environ["HTTPS_PROXY"] == PROXIES["HTTPS_PROXY"]
    assert "ALL_PROXY" not in os.environ, "no client here speaks SOCKS"


def test_what_leads_libpq_elsewhere_is_forgotten_and_what_proves_who_one_is_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", LIBPQ | {"PGPASSWORD": "x", "PGSSLROOTCERT": "/ca", "PATH": "/bin"})
    database._forget_libpq()
    assert os.environ == {"PGPASSWORD": "x", "PGSSLROOTCERT": "/ca", "PATH": "/bin"}


UNDELIVERED = """
import logging, sys
from pathlib import Path
from app import environment
from lifecycle.settings import Settings

environment.prepare(Settings(home=Path(sys.argv[1])), debug=sys.argv[2] == "debug")
from prefect.logging.handlers import APILogWorker

APILogWorker.instance().send({"name": "run", "level": 20, "message": "done", "timestamp": "2026-01-01T00:00:00Z", "__payload_size__": 9})
APILogWorker.drain_all(timeout=30)
logging.StreamHandler(None).handleError(logging.makeLogRecord({"msg": "a line that %d", "args": ("breaks",)}))
"""


def test_a_log_line_that_cannot_be_delivered_is_not_told_on_the_terminal_but_for_debugging(tmp_path: Path) -> None:
    given = {**surroundings(tmp_path / "home", tmp_path), "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"}
    said = {
        how: subprocess.run(
            [sys.executable, "-c", UNDELIVERED, str(tmp_path / "home"), how], env=given, capture_output=True, text=True, timeout=120
        ).stderr
        for how in ("plain", "debug")
    }
    assert said["plain"] == ""
    assert "Error logging to API" in said["debug"]
