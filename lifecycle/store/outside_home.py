"""A folder outside the home, for what cannot be in it: a socket whose path must be short, programs that another account must reach.

Its name is drawn at random, so that nobody can be there before us, and the home alone knows it.
"""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from lifecycle.errors import LifecycleError

PARENTS = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/run"))
"""Where temporary things are, not `TMPDIR`: that one may be private or deep."""


def found(home: Path) -> Path | None:
    """The folder that this home made for itself, if it is there and still nobody else's."""
    try:
        folder = Path(_note(home).read_text())
        there = folder.lstat()
    except (OSError, ValueError):
        return None
    ours = stat.S_ISDIR(there.st_mode) and there.st_uid == os.geteuid() and not there.st_mode & 0o022
    return folder if ours and folder.parent in PARENTS else None


def made(home: Path) -> Path:
    """The same, made where there is none. One process at a time: see the callers."""
    folder = found(home)
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="lifecycle-", dir=_parent()))
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)  # the database's account passes through it, and may not look around
        _note(home).write_text(str(folder))
    return folder


def remove(home: Path) -> None:
    """Leave nothing outside of the home."""
    folder = found(home)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    _note(home).unlink(missing_ok=True)


def _note(home: Path) -> Path:
    return home / "elsewhere"


def _parent() -> Path:
    for parent in PARENTS:
        if parent.is_dir() and os.access(parent, os.W_OK) and not os.statvfs(parent).f_flag & os.ST_NOEXEC:
            return parent
    raise LifecycleError(
        f"a short folder for PostgreSQL is needed, and none of {', '.join(map(str, PARENTS))} may be written and run from; open /tmp"
    )
