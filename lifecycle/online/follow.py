"""Follow the alias: what is champion in MLflow's registry answers here within half a second, loaded beside the one before."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from lifecycle.errors import LifecycleError
from lifecycle.online.champion import Served
from lifecycle.online.desk import Desk
from lifecycle.online.registered import Registry
from lifecycle.settings import Settings
from lifecycle.store import database, postgres

PAUSE = 0.25
"""Seconds between two looks at the aliases; one look takes about a thousandth of that."""
AGAIN = 5.0
"""Seconds until a version that could not be loaded is tried again."""
Tell = Callable[..., None]


class Follower(threading.Thread):
    """Loads champions for desks, for as long as the process lives.

    A version that cannot be loaded leaves the one before it answering, and says so in the desk's `wrong`.
    """

    def __init__(self, desks: Iterable[Desk], at: Settings, tell: Tell, *, shadow: bool = False) -> None:
        super().__init__(name="follow", daemon=True)
        self._shadow = shadow
        self._desks, self._at, self._tell = list(desks), at, tell
        self._stop = threading.Event()
        self._failed: dict[tuple[str, int], float] = {}

    def run(self) -> None:
        """Look, load, swap; until `stop`."""
        registry: Registry | None = None
        while not self._stop.is_set():
            try:
                registry = registry or Registry(database.connect(self._at))
                self._look(registry)
            except Exception as error:  # an outage of the database: what is loaded goes on answering
                self._tell("registry unreachable", error=said(error))
                self._revive()
                self._stop.wait(1)
            self._stop.wait(PAUSE)
        if registry:
            registry.close()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def _revive(self) -> None:
        """Start the embedded PostgreSQL again, if it was killed: nobody else may be here to do so."""
        home = self._at.home / "postgres"
        if postgres.died(home):
            with suppress(LifecycleError):  # told of already; it is tried again
                postgres.revive(home)

    def _look(self, registry: Registry) -> None:
        aliases = registry.aliases()
        for desk in self._desks:
            stands = aliases.get(desk.use_case.name, {})
            wanted = desk.wanted = stands.get("champion")
            if wanted is None:
                continue
            if desk.served is None or desk.served.number != wanted:
                self._swap(registry, desk, wanted)
            elif desk.wrong:  # what could not be loaded is not wanted any more
                desk.wrong = ""
            if self._shadow:
                self._beside(registry, desk, stands.get("challenger"))
            previous = stands.get("previous")
            if previous is not None and desk.ready and not desk.holds(previous):
                self._loaded(registry, desk, previous)  # a rollback finds it in memory
            desk.keep({wanted, previous, stands.get("challenger")})

    def _swap(self, registry: Registry, desk: Desk, wanted: int) -> None:
        name, before = desk.use_case.name, desk.served.number if desk.served else None
        served = self._loaded(registry, desk, wanted)
        if isinstance(served, str):
            first, desk.wrong = not desk.wrong, f"version {wanted} is champion and cannot be loaded: {served}"
            if first:
                self._tell("model not loaded", use_case=name, version=wanted, serving=before, error=served)
        elif served is not None:
            desk.take(served)
            self._tell("model swapped", use_case=name, version=wanted, before=before, how=served.how)

    def _beside(self, registry: Registry, desk: Desk, wanted: int | None) -> None:
        """Ask the newest challenger too, unless it is the champion."""
        if wanted is None or desk.served is None or wanted == desk.served.number:
            desk.shadow = None
        elif desk.shadow is None or desk.shadow.number != wanted:
            served = self._loaded(registry, desk, wanted)
            if isinstance(served, Served):
                desk.shadow = served
                self._tell("shadow loaded", use_case=desk.use_case.name, version=wanted)

    def _loaded(self, registry: Registry, desk: Desk, wanted: int) -> Served | str | None:
        """A version made ready; or why it cannot be; or nothing while it is too early to try again."""
        mark = desk.use_case.name, wanted
        if time.monotonic() < self._failed.get(mark, 0):
            return None
        try:
            return desk.load(registry.version(*mark))
        except Exception as error:  # whatever a model does when it is loaded, the one before it goes on
            self._failed[mark] = time.monotonic() + AGAIN
            return said(error)


def said(error: BaseException) -> str:
    """An error in one line: a mistake as its own sentence, anything else with its kind."""
    text = " ".join(str(error).split())
    return text if isinstance(error, LifecycleError) else f"{type(error).__name__}: {text}"


def quiet(_event: str, **_facts: Any) -> None:
    """Tell nobody."""
