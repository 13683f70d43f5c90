"""The story of one use case: its metric over time, its windows and batches, and what was decided, read from the lake."""

import datetime as dt
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

from lifecycle.gate.numbers import CheckResult
from lifecycle.history import JUDGED, ROLLED_BACK, Decision, Standing, differences, standing
from lifecycle.json_model import JsonModel
from lifecycle.monitoring.effect import Effect
from lifecycle.overview.facts import facts, select, tables
from lifecycle.overview.overview import batch, excess, state
from lifecycle.overview.state import BatchNow, UseCaseState
from lifecycle.references import LivePerformance
from lifecycle.store import mlflow_registry, records, versions
from lifecycle.store.lake import lake, quoted

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MOST_WINDOWS = 400
"""So many of the newest windows and batches are read: a year of days, and a month."""
WORST = 3
"""So many reasons of a batch are told."""


class Point(JsonModel):
    """The live metric of a version as it was judged at a moment, in the time of the rows."""

    at: dt.datetime
    version: int
    value: float
    low: float | None = None
    high: float | None = None
    promised: float | None = None
    promised_low: float | None = None
    promised_high: float | None = None
    rows: int = 0
    worse: bool = False


class Mark(JsonModel):
    """Something that happened: a promotion, a rollback, an alarm."""

    at: dt.datetime
    what: Literal["promoted", "rolled back", "alarm"]
    version: int
    said: str = ""


class Cell(JsonModel):
    """A column in a window: how far off it is in units of its limit (above 1: beyond it), and what was found, in words."""

    excess: float
    beyond: bool
    psi: float | None = None
    limit: float | None = None
    said: str = ""


class DriftWindow(JsonModel):
    """A judged window: its number (the moment that it was judged, in microseconds), the times of its rows, and the columns furthest off."""

    number: int
    version: int
    start: dt.datetime | None
    end: dt.datetime | None
    judged_at: dt.datetime
    rows: int
    bad: bool
    drifted: bool
    reason: str = ""
    columns: dict[str, Cell]

    @property
    def at(self) -> dt.datetime:
        """Where it stands in time."""
        return self.end or naive(self.judged_at)


class Reason(JsonModel):
    """Why rows of a batch were kept out: the column, the check, how many, and the first such value."""

    column: str
    check: str
    rows: int
    example: str = ""


class BatchStory(JsonModel):
    """A batch, and the worst reasons for which rows of it were kept out."""

    batch: BatchNow
    reasons: tuple[Reason, ...] = ()


class Decided(JsonModel):
    """A row of the ledger in words: what was decided about a version, and the checklist of the gate where it was the gate."""

    version: int
    word: str
    reason: str
    by: str
    at: dt.datetime | None
    champion: bool = False
    checks: tuple[CheckResult, ...] = ()


class Story(JsonModel):
    """All of it. `state` is the row of the overview; `timed`: whether rows have times, which everything is placed by then."""

    state: UseCaseState
    lake_version: int
    timed: bool
    points: tuple[Point, ...] = ()
    marks: tuple[Mark, ...] = ()
    windows: tuple[DriftWindow, ...] = ()
    batches: tuple[BatchStory, ...] = ()
    decisions: tuple[Decided, ...] = ()


def story(use_case: "str | UseCase", next_run: dt.datetime | None = None) -> Story:
    """The story of a use case (by name, or as it is), the oldest first in every list but the decisions, of which the newest is first."""
    name = use_case if isinstance(use_case, str) else use_case.name
    version, found = facts([name])
    known = found[name]
    stands = standing(known.decisions)
    with closing(records.reader()) as ours, closing(mlflow_registry.reader()) as mlflow:
        differ = differences(name, stands, ours, mlflow) if known.decisions else []
        seen = {each.model_version for each in known.decisions}
        kept = {number: one for number in seen if (one := versions.kept(name, number, ours))}
    there = tables(lake(), [name])
    windows, judged = _windows(name, there)
    batches = _batches(name, there)
    timed = any(each.end for each in windows)
    moments = _Moments(batches) if timed else None
    intervals = {number: one.evaluated.intervals for number, one in kept.items()}
    champion = kept.get(stands.champion) if stands.champion is not None else None
    return Story(
        state=state(use_case, known, stands, champion, differ, next_run),
        lake_version=version,
        timed=timed,
        points=tuple(_points(judged, intervals, timed)),
        marks=tuple(_marks(known.decisions, windows, moments)),
        windows=tuple(windows),
        batches=tuple(batches),
        decisions=tuple(reversed([decided(each, stands) for each in known.decisions])),
    )


def decided(row: Decision, stands: Standing) -> Decided:
    """A row of the ledger in words. The champion is marked once: where it became champion last."""
    made = row.promoted and row.model_version == stands.champion and _last_promotion(row, stands)
    return Decided(
        version=row.model_version,
        word=word(row, stands),
        reason=row.reason or "",
        by=row.actor or "",
        at=row.decided_at,
        champion=made,
        checks=row.numbers.checks,
    )


def word(row: Decision, stands: Standing) -> str:
    """What a row of the ledger decided, in a word or two: a version that waits still `waits for a person`, one that waited `waited`."""
    if row.action != JUDGED:
        return row.action
    if row.promoted:
        return "promoted"
    if not row.numbers.waiting:
        return "not promoted"
    return "waits for a person" if row.model_version in stands.waiting else "waited for a person"


def _last_promotion(row: Decision, stands: Standing) -> bool:
    newest = stands.latest.get(row.model_version)
    return newest is not None and (newest.decided_at == row.decided_at or not newest.promoted)


class _Moments:
    """Where a moment of the clock stands among the rows: at the newest row that was there by then."""

    def __init__(self, batches: Sequence[BatchStory]) -> None:
        loaded = [(each.batch.loaded_at, each.batch.newest) for each in batches if each.batch.loaded_at and each.batch.newest]
        self._loaded, self._newest = [at for at, _ in loaded], [newest for _, newest in loaded]

    def of(self, moment: dt.datetime) -> dt.datetime:
        """The time of the rows at a moment of the clock."""
        at = bisect_right(self._loaded, moment)
        return self._newest[at - 1] if at and self._newest[at - 1] else naive(moment)


def naive(moment: dt.datetime) -> dt.datetime:
    """A moment in UTC, without its zone, as the rows have theirs."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _windows(name: str, there: Mapping[tuple[str, str], set[str]]) -> tuple[list[DriftWindow], list[dict[str, Any]]]:
    """The windows, oldest first; and all rows of the table, for what they say of labels."""
    if (name, "drift") not in there:
        return [], []
    query = f"SELECT {select(there, name, 'drift')} FROM {quoted(name)}.drift ORDER BY judged_at DESC LIMIT {MOST_WINDOWS}"
    rows = lake().frame(query).rows(named=True)[::-1]
    return [_window(row) for row in rows if row["max"] is not None], rows


def _window(row: Mapping[str, Any]) -> DriftWindow:
    effects = {name: Effect.model_validate(each) for name, each in json.loads(row["effects"] or "{}").items()}
    cells = {
        name: Cell(
            excess=excess(each), beyond=each.beyond, psi=None if each.pair else each.psi, limit=None if each.pair else each.limit, said=each.said
        )
        for name, each in effects.items()
    }
    return DriftWindow(
        number=int(row["judged_at"].timestamp() * 1_000_000),
        version=row["model_version"],
        start=row["window_start"],
        end=row["window_end"],
        judged_at=row["judged_at"],
        rows=row["rows"] or 0,
        bad=bool(row["bad"]),
        drifted=bool(row["drifted"]),
        reason=row["reason"] or "",
        columns=cells,
    )


def _points(rows: Sequence[Mapping[str, Any]], intervals: Mapping[int, Mapping[str, tuple[float, float]]], timed: bool) -> list[Point]:
    found = []
    for row in rows:
        if not row["performance"]:
            continue
        truth = LivePerformance.from_json(row["performance"])
        low, high = truth.interval or (None, None)
        around = intervals.get(row["model_version"], {}).get(truth.metric, (None, None))
        until = dt.datetime.fromisoformat(truth.until) if truth.until else row["window_end"]
        found.append(
            Point(
                at=until if timed and until else naive(row["judged_at"]),
                version=row["model_version"],
                value=truth.live,
                low=low,
                high=high,
                promised=truth.promised,
                promised_low=around[0],
                promised_high=around[1],
                rows=truth.rows,
                worse=truth.worse,
            )
        )
    return found


def _marks(decisions: Sequence[Decision], windows: Sequence[DriftWindow], moments: _Moments | None) -> list[Mark]:
    found = []
    for row in decisions:
        if row.promoted and row.decided_at:
            at = moments.of(row.decided_at) if moments else naive(row.decided_at)
            what = "rolled back" if row.action == ROLLED_BACK else "promoted"
            found.append(Mark(at=at, what=what, version=row.model_version, said=row.reason or ""))
    found += [Mark(at=each.at, what="alarm", version=each.version, said=each.reason) for each in windows if each.drifted]
    return sorted(found, key=lambda each: each.at)


def _batches(name: str, there: Mapping[tuple[str, str], set[str]]) -> list[BatchStory]:
    if (name, "batches") not in there:
        return []
    rows = (
        lake()
        .frame(f"SELECT {select(there, name, 'batches')} FROM {quoted(name)}.batches ORDER BY batch DESC LIMIT {MOST_WINDOWS}")
        .rows(named=True)[::-1]
    )
    why: dict[int, list[Reason]] = {}
    if (name, "quarantine") in there and rows:
        query = f"""SELECT batch, "column", "check", count(DISTINCT row) AS rows, min_by(value, row) AS value FROM {quoted(name)}.quarantine
            WHERE batch >= ? AND NOT starts_with("check", 'batch refused: ') GROUP BY ALL ORDER BY batch, rows DESC, "column", "check" """
        for number, column, check, count, value in lake().rows(query, [rows[0]["batch"]]):
            mine = why.setdefault(number, [])
            if len(mine) < WORST:
                mine.append(Reason(column=column or "", check=check or "", rows=count, example="" if value is None else str(value)[:80]))
    found = [batch(row) for row in rows]
    return [BatchStory(batch=each, reasons=tuple(why.get(each.batch, ()))) for each in found if each]
