"""Follow the ledger: what is champion by it answers here within half a second, loaded beside the one before."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from lifecycle import extras
from lifecycle.errors import LifecycleError
from lifecycle.serving.loaded_model import LoadedModel
from lifecycle.serving.predictor import Predictor
from lifecycle.serving.standings_reader import Standings
from lifecycle.settings import Settings
from lifecycle.store import database, postgres

PAUSE_SECONDS = 0.25
"""Seconds between two looks at the standings; one look takes about a thousandth of that."""
COMPARE = 2.0
"""Seconds between two looks at what MLflow's registry says, which is told and not followed."""
RETRY_SECONDS = 5.0
"""Seconds until a version that could not be loaded is tried again."""
Tell = Callable[..., None]


class LedgerWatcher(threading.Thread):
    """Loads champions for predictors, for as long as the process lives.

    A version that cannot be loaded leaves the one before it answering, and says so in the predictor's `wrong`.
    """

    def __init__(self, predictors: Iterable[Predictor], at: Settings, tell: Tell, *, shadow: bool = False) -> None:
        super().__init__(name="follow", daemon=True)
        self._shadow = shadow
        self._desks, self._at, self._tell = list(predictors), at, tell
        self._stop = threading.Event()
        self._failed: dict[tuple[str, int], float] = {}
        self._compared = 0.0

    def run(self) -> None:
        """Look, load, swap; until `stop`."""
        standings: Standings | None = None
        while not self._stop.is_set():
            try:
                standings = standings or Standings(database.connect(self._at), self._at)
                self._look(standings)
                self._compare(standings)
            except Exception as error:  # an outage of the database: what is loaded goes on answering
                self._tell("registry unreachable", error=said(error))
                self._revive()
                self._stop.wait(1)
            self._stop.wait(PAUSE_SECONDS)
        if standings:
            standings.close()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def _revive(self) -> None:
        """Start the embedded PostgreSQL again, if it was killed: nobody else may be here to do so."""
        home = self._at.home / "postgres"
        if postgres.died(home):
            with suppress(LifecycleError):  # told of already; it is tried again
                postgres.revive(home)

    def _look(self, standings: Standings) -> None:
        for predictor, stands in zip(self._desks, standings.now([predictor.use_case.name for predictor in self._desks]), strict=True):
            wanted = predictor.wanted = stands.champion
            if wanted is None:
                continue
            if predictor.served is None or predictor.served.number != wanted:
                self._swap(standings, predictor, wanted)
            elif predictor.load_error:  # what could not be loaded is not wanted any more
                predictor.load_error = ""
            if self._shadow:
                self._beside(standings, predictor, stands.challenger)
            if stands.previous is not None and predictor.ready and not predictor.is_loaded(stands.previous):
                self._loaded(standings, predictor, stands.previous)  # a rollback finds it in memory
            predictor.keep_only({wanted, stands.previous, stands.challenger})

    def _compare(self, standings: Standings) -> None:
        """Say where MLflow's registry says something else than the ledger."""
        if time.monotonic() < self._compared + COMPARE:
            return
        for predictor in self._desks:
            found = tuple(standings.differences(predictor.use_case.name))
            if found != predictor.differences:
                self._tell("registry differs", use_case=predictor.use_case.name, found=list(found))
            predictor.differences = found
        self._compared = time.monotonic()

    def _swap(self, standings: Standings, predictor: Predictor, wanted: int) -> None:
        name, before = predictor.use_case.name, predictor.served.number if predictor.served else None
        served = self._loaded(standings, predictor, wanted)
        if isinstance(served, str):
            first, predictor.load_error = not predictor.load_error, f"version {wanted} is champion and cannot be loaded: {served}"
            if first:
                self._tell("model not loaded", use_case=name, version=wanted, serving=before, error=served)
        elif served is not None:
            predictor.activate(served)
            self._tell("model swapped", use_case=name, version=wanted, before=before, how=served.how)

    def _beside(self, standings: Standings, predictor: Predictor, wanted: int | None) -> None:
        """Ask the newest challenger too, unless it is the champion."""
        if wanted is None or predictor.served is None or wanted == predictor.served.number:
            predictor.shadow = None
        elif predictor.shadow is None or predictor.shadow.number != wanted:
            served = self._loaded(standings, predictor, wanted)
            if isinstance(served, LoadedModel):
                predictor.shadow = served
                self._tell("shadow loaded", use_case=predictor.use_case.name, version=wanted)

    def _loaded(self, standings: Standings, predictor: Predictor, wanted: int) -> LoadedModel | str | None:
        """A version made ready; or why it cannot be; or nothing while it is too early to try again."""
        mark = predictor.use_case.name, wanted
        if time.monotonic() < self._failed.get(mark, 0):
            return None
        try:
            return predictor.load(standings.version(*mark))
        except ImportError as error:
            self._failed[mark] = time.monotonic() + RETRY_SECONDS
            return extras.lacking(predictor.use_case) or said(error)
        except Exception as error:  # whatever a model does when it is loaded, the one before it goes on
            self._failed[mark] = time.monotonic() + RETRY_SECONDS
            return said(error)


def said(error: BaseException) -> str:
    """An error in one line: a mistake as its own sentence, anything else with its kind."""
    text = " ".join(str(error).split())
    return text if isinstance(error, LifecycleError) else f"{type(error).__name__}: {text}"


def quiet(_event: str, **_facts: Any) -> None:
    """Tell nobody."""
