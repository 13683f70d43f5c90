"""What the libraries read from the environment: set before the first of them is imported."""

import os

from lifecycle.settings import Settings


def prepare(settings: Settings, *, debug: bool = False) -> None:
    """Keep all state under the home folder, all telemetry off, and the terminal to ourselves. What is set already stays."""
    home = settings.home
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
        "MLFLOW_LOGGING_LEVEL": "INFO" if debug else "ERROR",
        "GIT_PYTHON_REFRESH": "quiet",
        # Threads that spin while they wait cost many times their work on a shared machine.
        "OMP_WAIT_POLICY": "passive",
    }
    for name, value in chosen.items():
        os.environ.setdefault(name, value)
