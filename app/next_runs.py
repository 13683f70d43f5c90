"""When each use case runs next, as the Prefect server says that is named, or that runs in this home; without importing Prefect."""

import datetime as dt
import os

from app import login
from app.stack import parts
from app.stack.rest import Server
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings

PAGE, PAGES = 200, 5
"""So many scheduled runs are asked for at a time (the most that Prefect gives), so often."""


def next_runs(at: Settings) -> dict[str, dt.datetime]:
    """The earliest scheduled run of each use case; nothing where no server can be asked."""
    given, own = os.environ.get(login.API), parts.api(at.home)
    if not given and not own:
        return {}
    found: dict[str, dt.datetime] = {}
    try:
        server = Server(given) if given else Server(own or "", login.auth(at.home))
        for number in range(PAGES):
            asked = {
                "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
                "sort": "EXPECTED_START_TIME_ASC",
                "limit": PAGE,
                "offset": PAGE * number,
            }
            runs = server.found("flow_runs", asked)
            for run in runs:
                name, begins = run.get("parameters", {}).get("use_case"), run.get("expected_start_time")
                if isinstance(name, str) and begins:
                    found.setdefault(name, dt.datetime.fromisoformat(begins))
            if len(runs) < PAGE:
                break
    except (OSError, ValueError, LifecycleError):  # away, or somebody else: when runs are is not known then
        return found
    return found
