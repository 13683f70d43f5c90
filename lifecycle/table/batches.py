"""The ledger of batches read back: what came when, from where, and what became of it."""

import datetime as dt
from typing import Any

from lifecycle.reading import credentials
from lifecycle.references import Snapshot
from lifecycle.store.lake import Lake

TOLD = "source, content, loaded_at, came, kept, quarantined, duplicates"


def line(store: Lake, use_case: str, number: int) -> dict[str, Any] | None:
    """The ledger's line of a batch, if it has one."""
    found = store.frame(f"SELECT batch, {TOLD} FROM {use_case}.batches WHERE batch = ?", [number]).to_dicts()
    return _safe(found[0]) if found else None


def of(store: Lake, snapshot: Snapshot, taken: dt.datetime) -> list[dict[str, Any]]:
    """The batches whose rows are in a snapshot, oldest first. What the ledger has no line for is told as null.

    Args:
        store: the lake.
        snapshot: the rows at a version of it.
        taken: when that version was made.

    Returns:
        The ledger's lines; `rows` says how many of a batch are in the snapshot, `released` which later loads had let rows
        of it out of quarantine by then.
    """
    name = snapshot.use_case
    there = f"SELECT _batch AS batch, count(*) AS rows FROM {name}.raw AT (VERSION => {snapshot.version}) GROUP BY 1"
    lines = store.frame(f"SELECT batch, {TOLD}, rows FROM ({there}) LEFT JOIN {name}.batches USING (batch) ORDER BY batch").to_dicts()
    released = store.frame(
        f"""SELECT q.batch AS came_in, b.batch, b.source, b.loaded_at, count(DISTINCT q.row) AS rows FROM {name}.quarantine q
        JOIN {name}.batches b ON b.batch = q.released_by WHERE q.released_at <= ? GROUP BY ALL ORDER BY b.batch""",
        [taken],
    ).to_dicts()
    return [_safe({**each, "released": [_safe(load) for load in released if load["came_in"] == each["batch"]]}) for each in lines]


def _safe(told: dict[str, Any]) -> dict[str, Any]:
    """A line without a secret that a function's parameter or an older version has left in its source."""
    return {**told, "source": told["source"] and credentials.masked(told["source"])}
