"""The promotions ledger read back: what was decided, and which versions stand where because of it.

The ledger is the truth; the standings and MLflow's aliases, which keep no history, are set from it.
"""

import datetime as dt
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

import polars as pl
from pydantic import Field

from lifecycle.errors import Lost
from lifecycle.gate.numbers import VerdictNumbers
from lifecycle.json_model import JsonModel
from lifecycle.references import ModelVersion
from lifecycle.store import mlflow_registry, records, standings, versions
from lifecycle.store.lake import Lake, lake, quoted
from lifecycle.store.records import Reader
from lifecycle.store.tables import exists, prepare

JUDGED, APPROVED, REJECTED, BY_HAND, ROLLED_BACK = "judged", "approved", "rejected", "promoted by hand", "rolled back"
WATCH = "the watch"
"""Who rolls back without a person (`lifecycle.stages.watch`)."""


class Decision(JsonModel):
    """A row of the promotions ledger.

    Attributes:
        model_version: which version was decided about.
        action: `judged`, or what a person did.
        promoted: whether the decision made the version the champion.
        champion: which version reigned before it.
        reason, actor, decided_at: why, by whom and when.
        numbers: what the gate measured.
        gate_rows: the fingerprint of the rows that the version was compared with the champion on.
        hashes: the SHA-256 of all that is loaded of the version.
    """

    model_version: int
    action: str
    promoted: bool
    champion: int | None = None
    reason: str | None = None
    numbers: VerdictNumbers = VerdictNumbers()
    gate_rows: str | None = None
    actor: str | None = None
    decided_at: dt.datetime | None = None
    hashes: dict[str, str] = Field(default_factory=dict)


COLUMNS = tuple(Decision.model_fields)


@dataclass
class Standing:
    """Where the versions of a use case stand after every row of its ledger."""

    reigns: list[int] = field(default_factory=list)
    """The champions, one after the other, without those that were rolled back; the last one reigns."""
    judged: dict[int, Decision] = field(default_factory=dict)
    """The gate's verdict on each version, in the order of judging."""
    latest: dict[int, Decision] = field(default_factory=dict)
    """The newest decision about each version."""
    waiting: set[int] = field(default_factory=set)
    """Versions that a person has yet to approve or reject."""
    blocked: dict[int, str] = field(default_factory=dict)
    """Versions that were rolled back or rejected, and by whom."""
    finished: Decision | None = None
    """The last row of the ledger, where only now the aliases were set by it: who decided so was killed, or cut off, in between."""

    @property
    def champion(self) -> int | None:
        """The version that answers now."""
        return self.reigns[-1] if self.reigns else None

    @property
    def previous(self) -> int | None:
        """The version that a rollback returns to."""
        return self.reigns[-2] if len(self.reigns) > 1 else None

    @property
    def challenger(self) -> int | None:
        """The newest version that the gate has judged, until it is the champion."""
        newest = next(reversed(self.judged), None)
        return None if newest == self.champion else newest

    def add(self, decision: Decision) -> None:
        """Take one more row of the ledger into account."""
        version, action, by = decision.model_version, decision.action, f"{decision.action} by {decision.actor}: {decision.reason}"
        self.latest[version] = decision
        if action == JUDGED:
            self.judged[version] = decision
            if decision.numbers.waiting:
                self.waiting.add(version)
        else:
            self.waiting.discard(version)
        if action == REJECTED:
            self.blocked[version] = by
        elif action == ROLLED_BACK:
            while self.reigns and self.reigns[-1] != version:
                self.blocked[self.reigns.pop()] = by
        if decision.promoted and self.champion != version:
            self.reigns = [each for each in self.reigns if each != version] + [version]
            self.blocked.pop(version, None)


def standing(decisions: Iterable[Decision]) -> Standing:
    """Where the versions stand after these rows of the ledger, oldest first."""
    stands = Standing()
    for decision in decisions:
        stands.add(decision)
    return stands


def reigns(decisions: Iterable[Decision]) -> list[tuple[int, dt.datetime, dt.datetime | None]]:
    """Who was champion from when until when (`None`: still), the earliest first."""
    stands, found = Standing(), []
    for decision in decisions:
        before = stands.champion
        stands.add(decision)
        if stands.champion != before and decision.decided_at:
            if found and found[-1][2] is None:
                found[-1] = (*found[-1][:2], decision.decided_at)
            if stands.champion is not None:
                found.append((stands.champion, decision.decided_at, None))
    return found


def history(use_case: str, at: Lake | None = None) -> pl.DataFrame:
    """The table `promotions`, oldest first: a column for each field of a `Decision`, of which `numbers` and `hashes` are JSON."""
    at = at or lake()
    if not exists(at, use_case, "promotions"):
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))
    prepare(at, use_case)  # a ledger of before has fewer columns
    return at.frame(f"SELECT {', '.join(COLUMNS)} FROM {quoted(use_case)}.promotions ORDER BY decided_at")


def ledger(use_case: str, at: Lake | None = None) -> list[Decision]:
    """The same rows, read."""
    decoded = ("numbers", "hashes")
    rows = history(use_case, at).iter_rows(named=True)
    return [Decision.model_validate(row | {name: json.loads(row[name] or "{}") for name in decoded}) for row in rows]


def taken_back(decisions: Iterable[Decision], version: int) -> bool:
    """Whether the watch has taken this version back before."""
    return any(each.actor == WATCH and each.action == ROLLED_BACK and each.champion == version for each in decisions)


def untold(use_case: str, actor: str) -> list[Decision]:
    """The rollbacks by somebody that nobody was told of yet, oldest first."""
    if not exists(lake(), use_case, "alarms_told"):
        return []
    known = {at for (at,) in lake().rows(f"SELECT raised_at FROM {quoted(use_case)}.alarms_told")}
    return [each for each in ledger(use_case) if each.actor == actor and each.action == ROLLED_BACK and each.decided_at not in known]


def champion(use_case: str) -> ModelVersion | None:
    """The version that the ledger says answers now, if any; wherever MLflow's alias points.

    Raises:
        Lost: there is one, and it cannot be had.
    """
    stands = standing(ledger(use_case))
    if stands.champion is None:
        return None
    found = versions.kept(use_case, stands.champion)
    if found is None:
        raise versions.foreign(use_case, stands.champion)
    with closing(mlflow_registry.reader()) as at:
        if why := lost(at, found, stands):
            raise Lost(why)
    return found


def lost(at: Reader, version: ModelVersion, stands: "Standing | standings.Stands") -> str:
    """That a champion is not in MLflow's registry any more, and what to do, in one sentence; empty where it is there."""
    name, registry = version.use_case, mlflow_registry.look(at, version.use_case)
    why = mlflow_registry.lost(at, registry, version)
    if not why:
        return ""
    back = f"return to version {stands.previous} with 'lifecycle rollback {name}', " if stands.previous in registry.numbers else ""
    others = [number for number in registry.numbers if number != stands.previous]
    other = f"choose another with 'lifecycle promote {name} VERSION' (there are {', '.join(map(str, others))}), " if others else ""
    return (
        f"use case '{name}': version {version.version} is champion by the promotions ledger and must be in MLflow's registry, and {why}; {back}{other}"
        f"{'or ' if back or other else ''}make a new one with 'lifecycle run {name} --fresh'"
    )


def differing(use_case: str, stands: "Standing") -> list[str]:
    """`differences` for who looks once."""
    with closing(records.reader()) as ours, closing(mlflow_registry.reader()) as mlflow:
        return differences(use_case, stands, ours, mlflow)


def differences(use_case: str, stands: "Standing | standings.Stands", ours: Reader, mlflow: Reader) -> list[str]:
    """In what MLflow's registry and the ledger differ, the worst first, one sentence each with its remedy.

    Args:
        use_case: its name.
        stands: what the ledger says.
        ours: a connection to the records.
        mlflow: a connection to MLflow's database.
    """
    registry, found = mlflow_registry.look(mlflow, use_case), []
    for role in ("champion", "previous"):
        number = getattr(stands, role)
        if number is None:
            continue
        version = versions.kept(use_case, number, ours)
        if version is None:
            found.append(str(versions.foreign(use_case, number)))
        elif why := mlflow_registry.lost(mlflow, registry, version):
            found.append(
                lost(mlflow, version, stands)
                if role == "champion"
                else f"version {number}, to which a rollback would return, is not in MLflow's registry: {why}; see 'lifecycle history {use_case}'"
            )
        else:
            found += mlflow_registry.differences(mlflow, registry, version)
    pointed, says = registry.aliases.get("champion"), stands.champion
    if pointed is not None and pointed != says:
        found.append(
            f"MLflow's alias 'champion' points at version {pointed}, and the promotions ledger says {f'version {says}' if says else 'none'}, which holds: "
            f"somebody moved the alias; 'lifecycle promote {use_case} {pointed}' would make that one champion, and the next decision moves the alias back"
        )
    elif pointed is None and says in registry.numbers:
        found.append(
            f"MLflow's alias 'champion' is gone, and the promotions ledger says version {says}, which holds; the next decision sets it again"
        )
    return found
