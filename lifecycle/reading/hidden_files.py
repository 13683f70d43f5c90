"""Files that a pattern passes over unless it asks for them: hidden ones, as a shell does, and what programs leave beside tables."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

LEFT_BEHIND = ("_SUCCESS", "_SUCCESS.*", "_metadata", "_common_metadata", "_committed_*", "_started_*", "_temporary", "_delta_log", "__MACOSX",
               "~$*", "*.crc", "Thumbs.db", "desktop.ini")  # fmt: skip
"""What Spark, Hadoop, Delta, macOS, Office and Windows put into folders of tables."""


def passed_over(found: str, pattern: str) -> bool:
    """Whether a file that matches a pattern is one that nobody means by it.

    Args:
        found: the path of a file, or bucket and key.
        pattern: what it was found by. A part of it that begins as the hidden name does asks for it: `.*.csv`, `_*`, `~$*`.
    """
    wanted = PurePosixPath(pattern).parts
    return any(_hidden(name) and not any(_asks(part, name) for part in wanted) for name in PurePosixPath(found).parts)


def _hidden(name: str) -> bool:
    return (name.startswith(".") and name not in (".", "..")) or any(fnmatchcase(name, each) for each in LEFT_BEHIND)


def _asks(part: str, name: str) -> bool:
    """Whether a part of a pattern says as much of a hidden name as makes it hidden: how it begins, or how it ends."""
    return fnmatchcase(name, part) and (part[:1] == name[:1] or (not name.startswith((".", "_", "~")) and part.endswith(PurePosixPath(name).suffix)))
