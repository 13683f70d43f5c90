"""Fingerprints of definitions: a hash of a value and of all code that it reaches (`lifecycle.dependencies`), and of the libraries."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from lifecycle.dependencies import modules
from lifecycle.dependencies.values import told

LOCK = Path(__file__).parents[2] / "requirements.lock"


def of(*values: Any) -> str:
    """A hash over values: definitions, functions, classes, plain data.

    Raises:
        lifecycle.dependencies.values.Untold: of one of them nobody can tell whether it has changed.
    """
    return told(*values)


@cache
def lock() -> str:
    """A hash of the lock file: of every version that should be installed. Without one, of the versions that are."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.exists() else libraries()


@cache
def libraries() -> str:
    """A hash of every version that is installed, and of Python's: an upgrade counts, whatever the lock file says."""
    return hashlib.sha256("\n".join(modules.distributions()).encode()).hexdigest()
