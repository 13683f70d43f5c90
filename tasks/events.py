"""What the world is told through Prefect's events: automations and people listen to them.

Every event is about the resource `lifecycle.use-case.NAME`, and names the flow run in which it happened.
"""

from typing import Any
from uuid import UUID, uuid5

from prefect.events import emit_event

from lifecycle.monitoring import judged as windows
from lifecycle.references import DriftReport, Snapshot, Verdict

DRIFT, PROMOTED, ROLLED_BACK, REJECTED = "drift.detected", "model.promoted", "model.rolled-back", "data.rejected"
SPACE = UUID("8b1f4c0e-5d0b-4f43-9d8e-0f1c3f0e2a67")


def emit(what: str, use_case: str, payload: dict[str, Any], about: str = "") -> None:
    """Emit `lifecycle.WHAT`. The same `about` has the same id: said twice after a crash, it is one event."""
    resource = {"prefect.resource.id": f"lifecycle.use-case.{use_case}", "prefect.resource.name": use_case, "lifecycle.use-case": use_case}
    name = f"lifecycle.{what}"
    emit_event(event=name, resource=resource, payload=payload, id=uuid5(SPACE, f"{name} {use_case} {about}") if about else None)


def alarms(report: DriftReport) -> None:
    """Every alarm that was raised and not told yet: also one whose process was killed before it could say so."""
    for alarm in windows.untold(report.use_case):
        payload = {"model_version": alarm.version, "reason": alarm.reason, "raised_at": alarm.raised_at.isoformat()}
        emit(DRIFT, report.use_case, payload, about=alarm.raised_at.isoformat())
        windows.told(report.use_case, alarm)


def judged(verdict: Verdict) -> None:
    """The gate has made a version champion."""
    if verdict.promoted:
        promoted(verdict)


def promoted(verdict: Verdict) -> None:
    """A version has become champion."""
    emit(PROMOTED, verdict.use_case, {"model_version": verdict.version, "champion_before": verdict.champion, "reason": verdict.reason})


def rolled_back(verdict: Verdict) -> None:
    """A former champion is champion again."""
    emit(ROLLED_BACK, verdict.use_case, {"model_version": verdict.version, "reason": verdict.reason})


def quarantined(snapshot: Snapshot) -> None:
    """Rows of a batch were kept out, if some were."""
    if not snapshot.quarantined:
        return
    counts = {name: getattr(snapshot, name) for name in ("batch", "came", "kept", "quarantined", "duplicates")}
    emit(REJECTED, snapshot.use_case, {**counts, "refused": False})


def refused(use_case: str, reason: str) -> None:
    """A whole batch was kept out."""
    emit(REJECTED, use_case, {"refused": True, "reason": reason})
