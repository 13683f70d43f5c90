"""What happens to models while they are served: a line of JSON for the log, and an event for Prefect where there is a server."""

import contextlib
import datetime as dt
import json
import os
import sys
import threading
import uuid
from typing import Any

from app.stack.rest import Server

TOLD = {"model not loaded": "lifecycle.model.not-loaded"}
"""What people and automations are told; the rest is for the log."""


def tell(event: str, **facts: Any) -> None:
    """Write an event down, and send it to Prefect's API in a thread of its own if it is one to be told. Never fails."""
    line = {"time": dt.datetime.now(dt.UTC).isoformat(), "event": event, **facts}
    print(json.dumps(line, default=str), file=sys.stderr, flush=True)
    api = os.environ.get("PREFECT_API_URL")
    if api and event in TOLD:
        threading.Thread(target=_send, args=(api, TOLD[event], facts), daemon=True).start()


def _send(api: str, name: str, facts: dict[str, Any]) -> None:
    about = facts["use_case"]
    resource = {"prefect.resource.id": f"lifecycle.use-case.{about}", "prefect.resource.name": about, "lifecycle.use-case": about}
    now = dt.datetime.now(dt.UTC).isoformat()
    event = {"id": str(uuid.uuid4()), "occurred": now, "event": name, "resource": resource, "related": [], "payload": facts}
    with contextlib.suppress(OSError):  # the server is away: the log has it
        Server(api)("POST", "/events", [event])
