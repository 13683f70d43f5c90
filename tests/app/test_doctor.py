import json
from pathlib import Path

from app.doctor import _locked
from tests.app.conftest import ROOT, Lifecycle


def test_everything_is_in_step_here_and_secrets_are_hidden(lifecycle: Lifecycle) -> None:
    done = lifecycle("doctor", "--json")
    found = json.loads(done.stdout.splitlines()[-1])
    states = {name: check["state"] for name, check in found["checks"].items()}
    assert states.pop("use cases") == "wrong"  # there is a broken one among the definitions
    assert "broken.py" in found["checks"]["use cases"]["found"]
    assert "wrong" not in states.values(), found
    assert done.returncode == 1


def test_a_database_that_is_away_is_wrong_with_a_remedy_and_no_password(lifecycle: Lifecycle, tmp_path: Path) -> None:
    done = lifecycle("doctor", "--json", LIFECYCLE_HOME=str(tmp_path), LIFECYCLE_DATABASE_URL="postgresql://me:hush@127.0.0.1:1/x")
    assert done.returncode == 1
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["checks"]["postgresql"]["state"] == "wrong"
    assert "LIFECYCLE_DATABASE_URL" in found["checks"]["postgresql"]["remedy"]
    assert "hush" not in done.stdout + done.stderr


def test_the_lock_is_read_for_this_platform_only(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("one==1.0 \\\n    --hash=sha256:00\n    # via two\ntwo==2.0 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n")
    assert dict(_locked(lock)) == {"one": "1.0"}
    assert dict(_locked(ROOT / "requirements.lock"))["duckdb"] == "1.5.5"
