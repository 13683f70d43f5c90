"""The terminal, whatever its alphabet: nothing that is said is lost to it."""

import logging
import os
import sys


def in_utf8() -> None:
    """Start this program again where Python took the machine's alphabet for ASCII or another small one: files and paths are UTF-8.

    What is printed is in the terminal's alphabet all the same; a letter that it lacks is shown as an escape.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        told = {"PYTHONUTF8": "1", "PYTHONIOENCODING": f"{sys.stdout.encoding if sys.stdout else 'utf-8'}:backslashreplace"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **told})
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def tell_waits() -> None:
    """Say on stderr what this program waits for: who holds a lock that it needs."""
    log = logging.getLogger("lifecycle.locks")
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("lifecycle: %(message)s"))
        log.addHandler(handler)
        log.propagate = False
