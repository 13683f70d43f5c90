"""The promotions ledger read back: what was decided, and which versions stand where because of it.

The ledger is the truth; MLflow's aliases, which keep no history, are set from it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lifecycle.store.lake import Lake, lake, quoted
from lifecycle.store.tables import exists

JUDGED, APPROVED, REJECTED, BY_HAND, ROLLED_BACK = "judged", "approved", "rejected", "promoted by hand", "rolled back"

COLUMNS = ("model_version", "action", "promoted", "champion", "reason", "numbers", "gate_rows", "actor", "decided_at")


@dataclass
class Standing:
    """Where the versions of a use case stand after every row of its ledger."""

    reigns: list[int] = field(default_factory=list)
    """The champions, one after the other, without those that were rolled back; the last one reigns."""
    judged: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The ledger's row of the gate's verdict, by version, in the order of judging."""
    latest: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The newest row of the ledger about each version."""
    waiting: set[int] = field(default_factory=set)
    """Versions that a person has yet to approve or reject."""
    blocked: dict[int, str] = field(default_factory=dict)
    """Versions that were rolled back or rejected, and by whom."""
    finished: Mapping[str, Any] | None = None
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
        """The newest version that the gate has judged."""
        return next(reversed(self.judged), None)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one more row of the ledger into account."""
        version, action, by = row["model_version"], row["action"], f"{row['action']} by {row['actor']}: {row['reason']}"
        self.latest[version] = dict(row)
        if action == JUDGED:
            self.judged[version] = dict(row)
            if row["numbers"].get("waiting"):
                self.waiting.add(version)
        else:
            self.waiting.discard(version)
        if action == REJECTED:
            self.blocked[version] = by
        elif action == ROLLED_BACK:
            while self.reigns and self.reigns[-1] != version:
                self.blocked[self.reigns.pop()] = by
        if row["promoted"] and self.champion != version:
            self.reigns = [each for each in self.reigns if each != version] + [version]
            self.blocked.pop(version, None)


def standing(rows: Iterable[Mapping[str, Any]]) -> Standing:
    """Where the versions stand after these rows of the ledger, oldest first."""
    stands = Standing()
    for row in rows:
        stands.add(row)
    return stands


def history(use_case: str, at: Lake | None = None) -> pl.DataFrame:
    """Every decision about the models of a use case, oldest first: the columns of the table `promotions`.

    `promoted` says whether the decision made `model_version` the champion, `champion` which version reigned before
    it, `numbers` (JSON) what the gate measured.
    """
    at = at or lake()
    if not exists(at, use_case, "promotions"):
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))
    return at.frame(f"SELECT {', '.join(COLUMNS)} FROM {quoted(use_case)}.promotions ORDER BY decided_at")


def ledger(use_case: str, at: Lake | None = None) -> list[dict[str, Any]]:
    """The same rows with their numbers decoded."""
    return [{**row, "numbers": json.loads(row["numbers"] or "{}")} for row in history(use_case, at).iter_rows(named=True)]
