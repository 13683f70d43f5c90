"""What code made a model: the git commit, what was changed since, the lock of its packages (hashed by `fingerprint.lock`)."""

import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.lock"
LONGEST_DIFF = 1_000_000  # bytes; more than that is data, not code
SECRET = (":(exclude,glob)**/.env*", ":(exclude,glob)**/*.pem", ":(exclude,glob)**/*.key")


@dataclass(frozen=True)
class Code:
    """The state of the checkout that a process runs from."""

    commit: str
    """Empty where there is no git, or no commit yet."""
    dirty: bool
    """Whether a tracked file differs from the commit, or a Python file is not tracked."""
    untracked: tuple[str, ...] = ()
    """The Python files that git does not know: their names only."""


@cache
def code(root: Path = ROOT) -> Code:
    """The commit of the checkout, as it was when this process first asked."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    untracked = tuple(_git(root, "ls-files", "--others", "--exclude-standard", "--", "*.py").splitlines())
    changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no").strip())
    return Code(commit, changed or bool(untracked), untracked)


def diff(root: Path = ROOT) -> str:
    """What tracked files say beyond the commit, at most 1 MB; empty where there is nothing or no commit to compare with.

    Files that usually hold secrets are left out even where somebody tracks them; untracked files are only named.
    """
    state = code(root)
    if not state.dirty:
        return ""
    named = "".join(f"# not tracked: {name}\n" for name in state.untracked)
    text = _git(root, "diff", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD", "--", ".", *SECRET) if state.commit else ""
    whole = (named + text).encode()
    if len(whole) <= LONGEST_DIFF:
        return named + text
    return whole[:LONGEST_DIFF].decode(errors="ignore") + f"\n# cut here: the whole diff has {len(whole)} bytes\n"


def changed(root: Path = ROOT) -> tuple[list[str], list[str]]:
    """The Python files that differ from the commit or are not tracked, and the files that the commit has and the checkout has not."""
    if not code(root).commit:
        return [], []
    differing = _git(root, "diff", "--name-only", "-z", "--diff-filter=d", "--relative", "HEAD", "--", "*.py").split("\0")
    deleted = _git(root, "diff", "--name-only", "-z", "--diff-filter=D", "--no-renames", "--relative", "HEAD").split("\0")
    return [name for name in differing if name], [name for name in deleted if name]


def checked_out(commit: str, folder: Path, root: Path = ROOT) -> bool:
    """Write the files of a commit into a folder, as a checkout would have them. Returns whether the commit is there.

    Nothing is noted in the repository, so a kill leaves nothing in it.
    """
    if not commit or not _git(root, "cat-file", "-t", commit).startswith("commit"):
        return False
    with tempfile.TemporaryFile() as archive:
        try:
            made = subprocess.run(
                ["git", "-C", str(root), "archive", "--format=tar", commit], stdout=archive, stdin=subprocess.DEVNULL, timeout=300, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        if made.returncode:  # a commit without its files: a shallow or partial clone
            return False
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tree:
            tree.extractall(folder, filter="data")
    return True


def secret(name: str) -> bool:
    """Whether a file usually holds secrets, by its name."""
    return name.startswith(".env") or name.endswith((".pem", ".key"))


def lock(root: Path = ROOT) -> str:
    """The lock file's text; empty where there is none."""
    file = root / LOCK
    return file.read_text() if file.is_file() else ""


def _git(root: Path, *arguments: str) -> str:
    """What git prints; empty where it is missing or says no."""
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
