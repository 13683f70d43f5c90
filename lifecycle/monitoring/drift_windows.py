"""The lake's table `drift`: the windows that were judged, and the alarms that were raised."""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle.dependencies import clock
from lifecycle.dependencies.watched import holds_until
from lifecycle.monitoring.drift import Effects, worst
from lifecycle.monitoring.effect import Effect
from lifecycle.store.lake import Lake, lake
from lifecycle.store.tables import exists

if TYPE_CHECKING:
    import duckdb

    from lifecycle.references import DriftReport
    from lifecycle.usecase import UseCase


TOP = 10
"""So many columns and pairs are kept of each window,"""
DIGITS = 6
"""and so many digits of their effects."""


@dataclass(frozen=True)
class Window:
    """A judged window: a row of the lake's table `drift`.

    Attributes:
        start, end: the times of its first and last row, where rows have one.
        rows: how many it has.
        max, limit: the PSI of the column furthest beyond, or nearest to, what the PSI may be, and what that is.
        bad: whether a column or a pair of columns is beyond a limit.
        effects: of the columns and pairs furthest off, the furthest first.
        together: what is beyond its limit in this and the windows before it, looked at together (`lifecycle.monitoring.recent`).
    """

    start: dt.datetime | None
    end: dt.datetime | None
    rows: int
    max: float
    limit: float
    bad: bool
    effects: dict[str, Effect]
    together: dict[str, Effect] = field(default_factory=dict)

    @classmethod
    def of(cls, effects: "Effects", together: "Effects", start: dt.datetime | None, end: dt.datetime | None, rows: int) -> "Window":
        """A window from all its effects, of which some are kept."""
        names = worst(effects, TOP)
        columns = [one for one in effects.values() if not one.pair]
        most = max(columns, key=lambda one: one.psi / one.limit)
        kept, both = (
            {name: found[name].rounded(DIGITS) for name in chosen} for found, chosen in ((effects, names), (together, worst(together, TOP)))
        )
        return cls(start, end, rows, most.psi, most.limit, any(one.beyond for one in effects.values()), kept, both)

    @property
    def found(self) -> dict[str, Effect]:
        """What is beyond a limit in it."""
        return {name: one for name, one in self.effects.items() if one.beyond}

    def cells(self) -> list[Any]:
        """As the table has it, up to `together`."""
        effects, together = (json.dumps({name: one.as_json() for name, one in each.items()}) for each in (self.effects, self.together))
        return [self.start, self.end, self.rows, self.max, self.limit, self.bad, effects, together if self.together else None]


@dataclass(frozen=True)
class Alarm:
    """A row of the table `drift` that raised an alarm."""

    version: int
    raised_at: dt.datetime
    reason: str


def untold(use_case: str) -> list[Alarm]:
    """The alarms that nobody was told of yet, oldest first."""
    query = f"""SELECT model_version, judged_at, reason FROM {use_case}.drift
        WHERE drifted AND judged_at NOT IN (SELECT raised_at FROM {use_case}.alarms_told) ORDER BY judged_at"""
    return [Alarm(*row) for row in lake().rows(query)] if exists(lake(), use_case, "alarms_told") else []


def told(use_case: str, alarm: Alarm) -> None:
    """Note that an alarm was told."""
    lake().write(lambda transaction: transaction.execute(f"INSERT INTO {use_case}.alarms_told VALUES (?, now())", [alarm.raised_at]))


def judged(store: Lake, use_case: "UseCase", version: int) -> list[Window]:
    """The windows of a model that are in the lake, oldest first."""
    query = f'SELECT window_start, window_end, rows, max, "limit", bad, effects, together FROM {use_case.name}.drift'
    found = store.rows(f"{query} WHERE model_version = ? AND max IS NOT NULL ORDER BY judged_at", [version])
    return [
        Window(start, end, rows, most, limit, bad, _read(effects), _read(together)) for start, end, rows, most, limit, bad, effects, together in found
    ]


def _read(effects: str | None) -> dict[str, Effect]:
    return {name: Effect.model_validate(one) for name, one in json.loads(effects or "{}").items()}


def cooling(store: Lake, use_case: "UseCase", end: dt.datetime | None) -> str:
    """Why there is no new alarm now, if so. Time is that of the rows; the clock's where they have none, and then the answer holds for so long only."""
    now = clock.now()
    pause = use_case.monitoring.cooldown
    if end is None:  # the alarm of now is followed by the next one
        holds_until(use_case, now + pause)
    found = store.rows(
        f"SELECT window_end, judged_at::TIMESTAMPTZ AT TIME ZONE 'UTC' FROM {use_case.name}.drift WHERE drifted ORDER BY judged_at DESC LIMIT 1"
    )
    if not found:
        return ""
    last, raised = found[0]
    if end is not None and last is not None:
        passed = end - last
    else:
        passed = now.replace(tzinfo=None) - raised
        holds_until(use_case, raised + pause if passed < pause else None)
    if passed >= pause:
        return ""
    return f"an alarm was raised for {last or raised:%Y-%m-%d %H:%M} already, the next one comes no sooner than {pause} later"


def record(store: Lake, use_case: "UseCase", report: "DriftReport", new: list[Window], reached: dt.datetime | None) -> None:
    """One row for each new window, the newest with the verdict; an alarm without a new window has a row without a window's numbers."""
    now = clock.now()
    truth = report.performance
    lines = [[*window.cells(), None, now + dt.timedelta(microseconds=i)] for i, window in enumerate(new)]
    lines = lines or [[None, reached, truth and truth.rows, None, None, False, None, None, None, now]]
    verdicts = [[False, None]] * (len(lines) - 1) + [[report.drifted, report.reason]]
    lines[-1][-2] = json.dumps(truth.as_json()) if truth else None

    def insert(transaction: "duckdb.DuckDBPyConnection") -> None:
        transaction.executemany(
            f"""INSERT INTO {use_case.name}.drift (model_version, window_start, window_end, rows, max, "limit", bad,
            effects, together, performance, judged_at, drifted, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [[report.version, *line, *verdict] for line, verdict in zip(lines, verdicts, strict=True)],
        )

    store.write(insert)
