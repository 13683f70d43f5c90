"""How a use case stands now, as typed values: what the overview shows in a row, and `lifecycle report --json` says."""

import datetime as dt
from typing import Literal

from lifecycle.json_model import JsonModel

Word = Literal["well", "look", "alarm", "no model", "broken"]
SIGNS: dict[Word, str] = {"well": "●", "look": "▲", "alarm": "■", "no model": "○", "broken": "✕"}
"""A sign for each, so that no colour has to be told apart."""


class Health(JsonModel):
    """How a use case is, in a word, and why, one clause each: `well`, `look` (a person should), `alarm`, `no model`, `broken` (its definition)."""

    word: Word
    why: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """Its sign."""
        return SIGNS[self.word]


class Promise(JsonModel):
    """The deciding metric of the champion on the rows that it was judged by, with its interval; `better` says where better is."""

    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    better: Literal["higher", "lower"] = "higher"


class Live(JsonModel):
    """The metric on rows whose truth came later, as it was judged last; `recent` has the values before it, oldest first."""

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    promised: float | None = None
    rows: int = 0
    worse: bool = False
    enough: bool = True
    until: dt.datetime | None = None
    recent: tuple[float, ...] = ()


class DriftNow(JsonModel):
    """The newest window: the column furthest off, `excess` in units of its limit (above 1: beyond it), and since when rows are judged."""

    column: str = ""
    excess: float = 0.0
    bad: bool = False
    rows: int | None = None
    until: dt.datetime | None = None
    said: str = ""


class BatchNow(JsonModel):
    """The newest batch: how many rows came and what became of them, and what was unusual about it."""

    batch: int
    loaded_at: dt.datetime | None
    newest: dt.datetime | None = None
    came: int
    kept: int
    quarantined: int
    duplicates: int
    refused: str = ""
    alarms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class OpenAlarm(JsonModel):
    """An alarm about the champion after which no window was good again: when it was raised, for rows until when, and why."""

    raised_at: dt.datetime
    until: dt.datetime | None
    reason: str


class UseCaseState(JsonModel):
    """A row of the overview.

    Attributes:
        name, title, problem: what it is; `problem` is the kind's name, empty where the definition cannot be loaded.
        error: why it cannot be loaded.
        health: how it is.
        champion, family, champion_since: the version that answers, of which family, since when.
        promise, live, drift, batch, alarm: see there; `None` where there is none.
        rows, quarantined: in the lake, and in quarantine.
        waiting: versions that a person has yet to approve or reject.
        last_run, next_run: when something was last loaded, judged or decided; when it runs next, where a Prefect server says so.
        registry: in what MLflow's registry differs from the ledger.
    """

    name: str
    title: str = ""
    problem: str = ""
    error: str = ""
    health: Health
    champion: int | None = None
    family: str = ""
    champion_since: dt.datetime | None = None
    promise: Promise | None = None
    live: Live | None = None
    drift: DriftNow | None = None
    batch: BatchNow | None = None
    rows: int | None = None
    quarantined: int = 0
    alarm: OpenAlarm | None = None
    waiting: tuple[int, ...] = ()
    last_run: dt.datetime | None = None
    next_run: dt.datetime | None = None
    registry: tuple[str, ...] = ()


class Overview(JsonModel):
    """The state of all use cases, as of a version of the lake."""

    lake_version: int
    read_at: dt.datetime
    use_cases: tuple[UseCaseState, ...]
