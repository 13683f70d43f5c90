"""What the lake's tables say of use cases, in a few queries whatever their number; kept until a use case's tables change.

A query for each table reads it of all use cases at once. Which of them have changed since is told by the catalogue's list of changes (the table
`ducklake_snapshot_changes` of the DuckLake specification), so that a look at 50 use cases of which one has a new batch reads one; and what one process
has read, the next begins with.
"""

import datetime as dt
import json
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from lifecycle.history import COLUMNS, Decision
from lifecycle.settings import settings
from lifecycle.store import private, records
from lifecycle.store.lake import Lake, lake, literal, quoted

RECENT = 60
"""So many of the newest judged windows of each use case are looked at for the overview."""
CHANGES = "SELECT changes_made FROM ducklake_snapshot_changes WHERE snapshot_id > %s AND snapshot_id <= %s"
OWNERS = "SELECT t.table_id, s.schema_name FROM ducklake_table t JOIN ducklake_schema s USING (schema_id)"
CHANGED = re.compile(r'"((?:[^"]|"")*)"(?:\."(?:[^"]|"")*")?|:(\d+)')
"""In a line of changes: names in quotes (a schema first), and numbers of tables."""
MOST_CHANGES = 2_000
"""After more changes than these everything is read again."""


class WindowRow(TypedDict):
    """A row of the table `drift`."""

    model_version: int
    window_start: dt.datetime | None
    window_end: dt.datetime | None
    rows: int | None
    max: float | None
    limit: float | None
    bad: bool | None
    drifted: bool | None
    performance: str | None
    reason: str | None
    judged_at: dt.datetime
    effects: str | None


class BatchRow(TypedDict):
    """A row of the table `batches`."""

    batch: int
    loaded_at: dt.datetime | None
    newest: dt.datetime | None
    came: int | None
    kept: int | None
    quarantined: int | None
    duplicates: int | None
    rows_after: int | None
    report: str | None


TABLES: dict[str, tuple[str, ...]] = {
    "promotions": COLUMNS,
    "drift": tuple(WindowRow.__annotations__),
    "batches": tuple(BatchRow.__annotations__),
    "quarantine": ("batch", "row", "column", "check", "value", "released_at"),
}
"""What is read of each table."""


@dataclass(frozen=True)
class Facts:
    """What the lake says of one use case."""

    decisions: tuple[Decision, ...] = ()
    """The promotions ledger, oldest first."""
    windows: tuple[WindowRow, ...] = ()
    """The newest rows of `drift`, oldest first; the last one alone has its `effects`."""
    batch: BatchRow | None = None
    """The newest row of `batches`."""
    quarantined: int = 0


class KeptFacts(TypedDict):
    """What is kept on the disk for the next process: facts, and the lake and the version of it that they are of."""

    lake: str
    version: int
    facts: dict[str, Facts]


@dataclass
class _Kept:
    lake: str = ""
    version: int = -1
    facts: dict[str, Facts] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)


_kept = _Kept()


def facts(names: Sequence[str]) -> tuple[int, dict[str, Facts]]:
    """The facts of these use cases, and the version of the lake that they are of."""
    store = lake()
    with _kept.turn:
        version = store.version()
        if _kept.lake != store.identity:
            _kept.lake, _kept.version, _kept.facts = store.identity, version, {}
            _remember(store.identity, version)
        if _kept.version != version:
            changed = _changed(_kept.version, version)
            _kept.facts = {} if changed is None else {name: found for name, found in _kept.facts.items() if name not in changed}
        _kept.version = version
        missing = [name for name in names if name not in _kept.facts]
        if missing:
            _kept.facts |= _read(store, missing)
            _keep()
        return version, {name: _kept.facts[name] for name in names}


def _place() -> Path:
    return settings().home / "cache" / "overview.json"


def _remember(identity: str, version: int) -> None:
    """Begin with what an earlier process has read of this lake, if that can be told from what changed since."""
    try:
        found = TypeAdapter(KeptFacts).validate_json(_place().read_bytes())
    except (OSError, ValueError):  # none, or one of another Lifecycle: everything is read
        return
    if found["lake"] == identity and found["version"] <= version:
        _kept.version, _kept.facts = found["version"], found["facts"]


def _keep() -> None:
    """Leave what was read for the next process. Where the disk refuses, it reads by itself."""
    content = KeptFacts(lake=_kept.lake, version=_kept.version, facts=_kept.facts)
    arriving = _place().with_name(f".overview.{uuid.uuid4().hex}")
    try:
        private.folder(arriving.parent)
        arriving.write_bytes(TypeAdapter(KeptFacts).dump_json(content))
        arriving.replace(_place())
    except (OSError, ValueError):
        arriving.unlink(missing_ok=True)


def _changed(since: int, until: int) -> set[str] | None:
    """The use cases with a table that changed between two versions of the lake; `None`: too many changes to tell, or a version that is gone."""
    if not 0 <= until - since <= MOST_CHANGES:
        return None
    with closing(records.reader()) as at:
        lines = [line for (line,) in at.rows(CHANGES, since, until)]
        if len(lines) < until - since:
            return None
        owners = {int(number): name for number, name in at.rows(OWNERS)}
    found = [CHANGED.findall(line or "") for line in lines]
    names = {name.replace('""', '"') for line in found for name, _ in line if name}
    return names | {owners[int(number)] for line in found for _, number in line if number and int(number) in owners}


def select(there: Mapping[tuple[str, str], set[str]], name: str, table: str, first: str = "") -> str:
    """The columns of a table as a list for SELECT, those that a lake of before lacks as null; `first`: a column that the newest row alone gives."""
    known = there.get((name, table), set())
    once = f"CASE WHEN row_number() OVER (ORDER BY judged_at DESC) = 1 THEN {quoted(first)} END AS {quoted(first)}" if first in known else ""
    return ", ".join((once if each == first and once else quoted(each)) if each in known else f"NULL AS {quoted(each)}" for each in TABLES[table])


def tables(store: Lake, names: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """Which columns the tables of these use cases have, of those that are read here."""
    found = store.rows(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake' AND list_contains(?, table_name)",
        [list(TABLES)],
    )
    there: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in found:
        if schema in names:
            there.setdefault((schema, table), set()).add(column)
    return there


def _read(store: Lake, names: Sequence[str]) -> dict[str, Facts]:
    there = tables(store, set(names))  # pyright: ignore[reportArgumentType]

    def of(table: str, more: str, first: str = "") -> dict[str, list[dict[str, Any]]]:
        """The rows of a table of all use cases that have it, by use case."""
        asked = [name for name in names if (name, table) in there]
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in asked}
        if asked:
            parts = [
                f"(SELECT {literal(name)} AS use_case, {select(there, name, table, first)} FROM {quoted(name)}.{table} {more})" for name in asked
            ]
            cursor = store.cursor().execute(" UNION ALL ".join(parts))
            columns = [each[0] for each in cursor.description or ()]
            for row in cursor.fetchall():
                found[row[0]].append(dict(zip(columns[1:], row[1:], strict=True)))
        return found

    ledgers = of("promotions", "ORDER BY decided_at")
    windows = of("drift", f"ORDER BY judged_at DESC LIMIT {RECENT}", "effects")
    batches = of("batches", "ORDER BY batch DESC LIMIT 1")
    asked = [name for name in names if (name, "quarantine") in there]
    counts = " UNION ALL ".join(
        f"(SELECT {literal(name)}, count(*) FROM (SELECT DISTINCT batch, row FROM {quoted(name)}.quarantine WHERE "
        f"{'released_at IS NULL' if 'released_at' in there[name, 'quarantine'] else 'true'}))"
        for name in asked
    )
    quarantined = dict(store.rows(counts)) if asked else {}
    return {
        name: Facts(
            decisions=tuple(map(decision, ledgers.get(name, ()))),
            windows=tuple(WindowRow(**row) for row in reversed(windows.get(name, []))),
            batch=next((BatchRow(**row) for row in batches.get(name, ())), None),
            quarantined=quarantined.get(name, 0),
        )
        for name in names
    }


def decision(row: Mapping[str, Any]) -> Decision:
    """A row of the promotions ledger, read."""
    return Decision.model_validate(dict(row) | {name: json.loads(row[name] or "{}") for name in ("numbers", "hashes")})
