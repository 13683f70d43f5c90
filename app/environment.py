"""What the libraries read from the environment: set before the first of them is imported."""

import importlib.util
import logging
import os
from urllib.parse import urlsplit

from lifecycle.settings import Settings
from lifecycle.store import private

HERE = ("127.0.0.1", "localhost", "::1")
"""This machine as its own programs call it."""


def prepare(settings: Settings, *, debug: bool = False) -> None:
    """Keep all state under the home folder and private, all telemetry off, and the terminal to ourselves. What is set already stays.

    Raises:
        LifecycleError: the home folder is not ours.
    """
    home = settings.home
    private.claim(home)
    _without_proxies()
    chosen = {
        "LIFECYCLE_HOME": str(home),  # absolute, for processes that start elsewhere
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "prefect" / "ui"),
        "MPLCONFIGDIR": str(home / "cache" / "matplotlib"),
        "MPLBACKEND": "agg",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "ORT_DISABLE_TELEMETRY": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        # The run's logs go to Prefect's interface in full; the terminal shows our own progress.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO" if debug else "CRITICAL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "MLFLOW_LOGGING_LEVEL": "INFO" if debug else "CRITICAL",  # it logs each outage with its traceback, and raises it too
        "GIT_PYTHON_REFRESH": "quiet",
        # Threads that spin while they wait cost many times their work on a shared machine.
        "OMP_WAIT_POLICY": "passive",
    }
    for name, value in chosen.items():
        os.environ.setdefault(name, value)
    logging.raiseExceptions = debug  # a log line that cannot be delivered (the server is away) is no news for the terminal: the run says why it ends


def _without_proxies() -> None:
    """Reach this machine's own servers without the proxy that others are reached by, and no proxy that nobody here can speak to."""
    for name in ("NO_PROXY", "no_proxy"):
        given = [each.strip() for each in os.environ.get("no_proxy", os.environ.get("NO_PROXY", "")).split(",") if each.strip()]
        if "*" not in given:
            os.environ[name] = ",".join([*given, *(each for each in HERE if each not in given)])
    for name in [name for name in os.environ if name.lower() in {"all_proxy", "http_proxy", "https_proxy"}]:
        if urlsplit(os.environ[name]).scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
            del os.environ[name]  # httpx, and with it Prefect, would refuse to start at all
