"""What the world is told through Prefect's events: automations and people listen to them.

Every event is about the resource `lifecycle.use-case.NAME`, and names the flow run in which it happened. What it carries is a
typed value, one for each event.
"""

from typing import ClassVar
from uuid import UUID, uuid5

from prefect.events import emit_event

from lifecycle import history, registry
from lifecycle.json_model import JsonModel
from lifecycle.monitoring import drift_windows as windows
from lifecycle.references import DriftReport, Snapshot, Verdict, Watched

SPACE = UUID("8b1f4c0e-5d0b-4f43-9d8e-0f1c3f0e2a67")


class Event(JsonModel):
    """What an event carries; its fields are the event's payload."""

    name: ClassVar[str]


class DriftDetected(Event):
    """An alarm was raised (at a moment in ISO 8601) by what a model meets now."""

    name: ClassVar[str] = "lifecycle.drift.detected"
    model_version: int
    reason: str
    raised_at: str


class ModelPromoted(Event):
    """A version has become champion in place of another, if there was one."""

    name: ClassVar[str] = "lifecycle.model.promoted"
    model_version: int
    champion_before: int | None
    reason: str


class ModelRolledBack(Event):
    """A former champion is champion again, by whose decision and in place of which."""

    name: ClassVar[str] = "lifecycle.model.rolled-back"
    model_version: int
    champion_before: int | None = None
    by: str = ""
    reason: str


class DataRejected(Event):
    """Rows of a batch were kept out, so many; or the whole batch was `refused`, for a reason."""

    name: ClassVar[str] = "lifecycle.data.rejected"
    batch: int | None = None
    came: int | None = None
    kept: int | None = None
    quarantined: int | None = None
    duplicates: int | None = None
    refused: bool
    reason: str = ""


def emit(event: Event, use_case: str, about: str = "", **labels: str) -> None:
    """Emit an event. The same `about` has the same id: said twice after a crash, it is one event. `labels` are what automations can ask for."""
    resource = {"prefect.resource.id": f"lifecycle.use-case.{use_case}", "prefect.resource.name": use_case, "lifecycle.use-case": use_case}
    resource |= {f"lifecycle.{name}": value for name, value in labels.items()}
    id = uuid5(SPACE, f"{event.name} {use_case} {about}") if about else None
    emit_event(event=event.name, resource=resource, payload=event.as_json(), id=id)


def alarms(report: DriftReport) -> None:
    """Every alarm that was raised and not told yet: also one whose process was killed before it could say so.

    Its label `lifecycle.follows` is the policy of the definition: the automation that starts a training asks for `retrain`.
    """
    follows = registry.find(report.use_case).monitoring.follows
    for alarm in windows.untold(report.use_case):
        raised_at = alarm.raised_at.isoformat()
        emit(DriftDetected(model_version=alarm.version, reason=alarm.reason, raised_at=raised_at), report.use_case, about=raised_at, follows=follows)
        windows.told(report.use_case, alarm)


def judged(verdict: Verdict) -> None:
    """The gate has made a version champion."""
    if verdict.promoted:
        promoted(verdict)


def promoted(verdict: Verdict) -> None:
    """A version has become champion."""
    emit(ModelPromoted(model_version=verdict.version, champion_before=verdict.champion, reason=verdict.reason), verdict.use_case)


def rolled_back(verdict: Verdict) -> None:
    """A former champion is champion again."""
    emit(ModelRolledBack(model_version=verdict.version, reason=verdict.reason), verdict.use_case)


def taken_back(watched: Watched) -> None:
    """Every rollback by the watch that was not told yet: also one whose process was killed before it could say so."""
    for decision in history.untold(watched.use_case, history.WATCH):
        at, reason = decision.decided_at, decision.reason or ""
        assert at
        event = ModelRolledBack(model_version=decision.model_version, champion_before=decision.champion, by=history.WATCH, reason=reason)
        emit(event, watched.use_case, about=at.isoformat())
        windows.told(watched.use_case, windows.Alarm(decision.model_version, at, reason))


def quarantined(snapshot: Snapshot) -> None:
    """Rows of a batch were kept out, if some were."""
    if not snapshot.quarantined:
        return
    event = DataRejected(
        batch=snapshot.batch,
        came=snapshot.came,
        kept=snapshot.kept,
        quarantined=snapshot.quarantined,
        duplicates=snapshot.duplicates,
        refused=False,
    )
    emit(event, snapshot.use_case)


def refused(use_case: str, reason: str) -> None:
    """A whole batch was kept out."""
    emit(DataRejected(refused=True, reason=reason), use_case)
