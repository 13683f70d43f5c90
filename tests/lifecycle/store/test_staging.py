"""Staging folders: those of living processes stay, those of killed ones go."""

import os
import subprocess
import sys
import time
from pathlib import Path

from lifecycle.settings import settings
from lifecycle.store import staging

ROOT = Path(__file__).parents[3]
KILLED = "from lifecycle.store import staging; import os, sys; print(staging.folder(sys.argv[1]), flush=True); os.kill(os.getpid(), 9)"


def left_by_a_killed_process(kind: str) -> Path:
    done = subprocess.run([sys.executable, "-c", KILLED, kind], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -9
    time.sleep(0.02)  # so that one is newer than the other
    return Path(done.stdout.strip())


def test_of_folders_that_killed_processes_left_the_newest_stays_for_the_run_that_goes_on_with_it() -> None:
    ours = staging.folder("staged_killed")
    left = [left_by_a_killed_process("staged_killed") for _ in range(3)]
    assert [path.exists() for path in left] == [False, True, True], "its own start had removed the others"
    there = staging.folder("staged_killed")
    assert sorted(path for path in there.parent.iterdir()) == sorted([ours, left[2], there])


def test_a_folder_without_a_process_does_not_stay_for_ever() -> None:
    left = left_by_a_killed_process("staged_old")

    old = time.time() - 2 * staging.KEPT_SECONDS
    os.utime(left, (old, old))
    there = staging.folder("staged_old")
    assert list(there.parent.iterdir()) == [there]
    assert there.parent.parent == settings().home / "staging"
