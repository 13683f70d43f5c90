"""A service under load that is killed: what it had promised by then."""

import contextlib
import http.client
import json
import threading
import time
from collections import Counter
from typing import Any

from benchmarks.killing import Command, Place

INTERVAL = 1.0
"""LIFECYCLE_FLUSH_SECONDS, its default: what was answered so long before a kill is safe."""
SLACK = 1.0
"""Seconds more that a busy machine may take to write what is due."""
CLIENTS = 3


class Service:
    """Asks `lifecycle serve`, and remembers every answer over all kills."""

    def __init__(self, use_case: str, port: int) -> None:
        self.use_case, self.port = use_case, port
        self.answers: list[tuple[float, str]] = []
        self.safe: list[str] = []
        self.labels: list[str] = []
        self.kills = 0
        self.summary = ""

    def killed(self, place: Place, victim: str, seconds: float) -> str:
        """Serve, ask for some seconds, kill. Returns what was wrong, if anything was."""
        command = place.start("serve", self.use_case, "--port", str(self.port))
        if not self._ready(command):
            command.kill("family")
            return f"the service did not become ready: {command.last[:200]}"
        stop, before = threading.Event(), len(self.answers)
        statuses: Counter[int] = Counter()
        clients = [threading.Thread(target=self._ask, args=(number, stop, statuses)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds)
        moment = time.monotonic()
        command.kill(victim)
        stop.set()
        for client in clients:
            client.join()
        self.kills += 1
        came = self.answers[before:]
        self.safe += [id for when, id in came if when < moment - INTERVAL - SLACK]
        self.summary = (
            f"{len(self.answers)} answers, {len(self.safe)} of them older than {INTERVAL + SLACK:g} s at the kill, {len(self.labels)} labels"
        )
        return f"answered {dict(statuses)}" if any(status != 200 for status in statuses) else ""

    def told(self) -> dict[str, Any] | None:
        """What the books have to show."""
        if not self.kills:
            return None
        ids = [id for _, id in self.answers]
        return {"case": self.use_case, "safe": self.safe, "ids": ids, "in_flight": CLIENTS * self.kills, "labels": self.labels}

    def _ready(self, command: Command, seconds: float = 120) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end and command.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/ready")
                if connection.getresponse().status == 200:
                    return True
            time.sleep(0.1)
        return False

    def _ask(self, client: int, stop: threading.Event, statuses: "Counter[int]") -> None:
        """One answer after the other, every tenth a label, until the service is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.suppress(OSError, http.client.HTTPException):
            for turn in range(1_000_000):
                if stop.is_set():
                    return
                key = 10_000_000 + (self.kills * CLIENTS + client) * 100_000 + turn
                if turn % 10 == 9:
                    if self._post(connection, "labels", {"labels": [{"key": key - 1, "target": True}]}, statuses):
                        self.labels.append(str(key - 1))
                    continue
                row = {"number": key, "cents": turn * 37 % 10_000, "kind": "abc"[turn % 3]}
                if answer := self._post(connection, "predict", {"rows": [row]}, statuses):
                    self.answers.append((time.monotonic(), answer["predictions"][0]["id"]))
                time.sleep(0.005)

    def _post(self, connection: http.client.HTTPConnection, what: str, body: Any, statuses: "Counter[int]") -> Any:
        connection.request("POST", f"/{self.use_case}/{what}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        statuses[answer.status] += 1
        return json.loads(content) if answer.status == 200 else None
