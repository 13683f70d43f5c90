"""The home folder is its owner's alone: nobody else enters it, and what is written in it is for nobody else to read."""

import os
import stat
from pathlib import Path

from lifecycle.errors import LifecycleError

OTHERS = 0o077
OURS = {"postgres", "lake", "prefect", "mlflow", "journal", "cache", "logs", "stack"}
"""Folders by which a home is known."""

_users: list[int] = []


def claim(home: Path) -> None:
    """Make the home folder where there is none, close it to all others, and keep private what this process writes from now on.

    Raises:
        LifecycleError: it is another account's, or a folder that is used for something else.
    """
    before = os.umask(OTHERS)
    if not _users:
        _users.append(before)
    try:
        home.mkdir(parents=True, exist_ok=True)
        there = home.stat()
    except (FileExistsError, NotADirectoryError):
        raise LifecycleError(f"LIFECYCLE_HOME must be a folder, found a file at {home} or above it; name another folder") from None
    except OSError as error:
        raise LifecycleError(
            f"the home folder {home} cannot be made ({error.strerror}); name a folder in LIFECYCLE_HOME that may be written"
        ) from None
    if there.st_uid != os.geteuid():
        raise LifecycleError(
            f"the home folder {home} must belong to the account that runs this ({_name(os.geteuid())}), found that of {_name(there.st_uid)}; "
            "run as that account, or name another folder in LIFECYCLE_HOME"
        )
    if stat.S_IMODE(there.st_mode) & OTHERS:
        _close(home)


def folder(path: Path) -> Path:
    """A private folder, made where there is none."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def handed_over(path: Path) -> Path:
    """A file or folder that was made outside of the home, for the user: with the permissions that the user's own umask gives."""
    if _users:
        path.chmod((0o777 if path.is_dir() else 0o666) & ~_users[0])
    return path


def _close(home: Path) -> None:
    """Take from others what an older or a foreign hand gave them; but never from a folder that only looks like a home to us."""
    inside = {each.name for each in home.iterdir()} - {"lost+found"}
    if inside and not inside & OURS:
        raise LifecycleError(
            f"LIFECYCLE_HOME must be a folder of its own, and {home} holds other things; name a new one, such as {home / 'lifecycle'}"
        )
    try:
        home.chmod(0o700)
    except OSError as error:
        raise LifecycleError(
            f"the home folder {home} is open to others and cannot be closed ({error.strerror}); name another in LIFECYCLE_HOME"
        ) from None


def _name(uid: int) -> str:
    import pwd

    try:
        return f"'{pwd.getpwuid(uid).pw_name}'"
    except KeyError:
        return f"account {uid}"
