"""One message for each incident: a run that failed or crashed, to the Apprise address in `LIFECYCLE_NOTIFY_URL`.

The events of the server are read, not the runs' own code: a killed process cannot say that it was killed. A run that
fails again in the same way is the same incident until it has completed once; every crash is one of its own. `lifecycle up` does this beside the stack; for a
server of your own: `python -m app.stack.notices`, with `PREFECT_API_URL` set.
"""

import contextlib
import datetime as dt
import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

from app.stack.parts import folder
from app.stack.rest import Server
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings, settings

FELL, WELL = ("prefect.flow-run.Failed", "prefect.flow-run.Crashed"), "prefect.flow-run.Completed"
PAUSE_SECONDS = 2.0
OVERLAP = dt.timedelta(seconds=30)
"""Events may arrive a little late: so much is read again, and told apart by id."""
REMEMBERED = 500


class Notices:
    """The incidents that are open, and what was said of them; kept in a file, so that a restart says nothing twice."""

    def __init__(self, at: Settings, server: Server) -> None:
        if at.notify_url is None:
            raise LifecycleError("notices need an address in LIFECYCLE_NOTIFY_URL, found none; set it in the environment or .env")
        self.address = at.notify_url.get_secret_value()
        self.server = server
        self.file = folder(at.home) / "incidents.json"
        now = dt.datetime.now(dt.UTC).isoformat()
        self.kept: dict[str, Any] = {"since": now, "open": {}, "seen": []}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self.kept |= json.loads(self.file.read_text())
        self._check()

    def look(self) -> int:
        """Read what has happened since the last look, and send a message for every new incident. Returns how many were sent."""
        sent = 0
        for event in self._events():
            name, run = event["resource"].get("prefect.resource.name", ""), event["resource"]["prefect.resource.id"]
            if event["event"] == WELL:
                self.kept["open"].pop(name, None)
            elif run not in self.kept["seen"]:
                sent += self._incident(name, run, event)
                self.kept["seen"].append(run)
            self.kept["seen"].append(event["id"])
            self.kept["since"] = max(self.kept["since"], event["occurred"])
            self._keep()
        return sent

    def _events(self) -> list[dict[str, Any]]:
        """The ends of runs that were not seen yet, oldest first."""
        since = dt.datetime.fromisoformat(self.kept["since"]) - OVERLAP
        asked = {"filter": {"occurred": {"since": since.isoformat()}, "event": {"name": [*FELL, WELL]}, "order": "ASC"}, "limit": 50}
        page = self.server("POST", "/events/filter", asked)
        found = list(page["events"])
        while page.get("next_page"):
            page = self.server("GET", page["next_page"].removeprefix(self.server.api))
            found += page["events"]
        return [event for event in found if event["id"] not in self.kept["seen"]]

    def _incident(self, name: str, run: str, event: dict[str, Any]) -> int:
        """Send a message, unless this goes on already."""
        why = event["payload"].get("validated_state", {}).get("message") or event["resource"].get("prefect.state-message") or "no reason given"
        word = event["event"].rpartition(".")[2].lower()
        kind = re.sub(r"\d+", "#", why)  # the number of a batch or a row makes no new incident
        if word == "failed" and self.kept["open"].get(name) == kind:
            return 0
        link = f"{self.server.api.removesuffix('/api')}/runs/flow-run/{run.rpartition('.')[2]}"
        if not self._send(f"Lifecycle: {name} {word}", f"{why}\n\n{link}"):
            return 0
        self.kept["open"][name] = kind
        return 1

    def _send(self, title: str, body: str) -> bool:
        """Send one message, with some patience."""
        from apprise import Apprise

        apprise = Apprise()
        apprise.add(self.address)
        for pause in (0, 2, 10):
            time.sleep(pause)
            if apprise.notify(body=body, title=title):
                return True
        print(f"lifecycle: a message could not be sent to the address in LIFECYCLE_NOTIFY_URL: {title}", file=sys.stderr, flush=True)
        return False

    def _check(self) -> None:
        from apprise import Apprise

        if not Apprise().add(self.address):
            raise LifecycleError(
                "LIFECYCLE_NOTIFY_URL must be an address that Apprise knows, such as json://host/path or mailto://..., found another; fix it"
            )

    def _keep(self) -> None:
        self.kept["seen"] = self.kept["seen"][-REMEMBERED:]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        making = Path(f"{self.file}.making")
        making.write_text(json.dumps(self.kept))
        making.replace(self.file)


def watch(notices: Notices) -> None:
    """Look again and again; a server that is away for a while is asked again."""
    while True:
        with contextlib.suppress(OSError, ValueError):
            notices.look()
        time.sleep(PAUSE_SECONDS)


def beside(at: Settings, api: str) -> None:
    """Watch in a thread of this process, where an address is set."""
    if at.notify_url is not None:
        threading.Thread(target=watch, args=(Notices(at, Server(api)),), name="notices", daemon=True).start()


if __name__ == "__main__":
    watch(Notices(settings(), Server(os.environ.get("PREFECT_API_URL", "http://127.0.0.1:4200/api"))))
