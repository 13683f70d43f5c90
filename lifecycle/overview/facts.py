"""What the lake's tables say of use cases, in a few queries whatever their number; kept until a use case's tables change.

A query for each table reads it of all use cases at once. Which of them have changed since is told by the catalogue's list of changes (the table
`ducklake_snapshot_changes` of the DuckLake specification), so that a look at 50 use cases of which one has a new batch reads one.
"""

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from lifecycle.history import COLUMNS, Decision
from lifecycle.store import records
from lifecycle.store.lake import Lake, lake, literal, quoted

RECENT = 60
"""So many of the newest judged windows of each use case are looked at for the overview."""
TABLES: dict[str, tuple[str, ...]] = {
    "promotions": COLUMNS,
    "drift": (
        "model_version",
        "window_start",
        "window_end",
        "rows",
        "max",
        "limit",
        "bad",
        "drifted",
        "performance",
        "reason",
        "judged_at",
        "effects",
    ),
    "batches": ("batch", "loaded_at", "newest", "came", "kept", "quarantined", "duplicates", "rows_after", "report"),
    "quarantine": ("batch", "row", "column", "check", "value", "released_at"),
}
CHANGES = "SELECT changes_made FROM ducklake_snapshot_changes WHERE snapshot_id > %s AND snapshot_id <= %s"
OWNERS = "SELECT t.table_id, s.schema_name FROM ducklake_table t JOIN ducklake_schema s USING (schema_id)"
CHANGED = re.compile(r'"((?:[^"]|"")*)"(?:\."(?:[^"]|"")*")?|:(\d+)')
"""In a line of changes: names in quotes (a schema first), and numbers of tables."""
MOST_CHANGES = 2_000
"""After more changes than these everything is read again."""


@dataclass(frozen=True)
class Facts:
    """What the lake says of one use case. Rows are dictionaries by the columns of `TABLES`."""

    decisions: tuple[Decision, ...] = ()
    """The promotions ledger, oldest first."""
    windows: tuple[Mapping[str, Any], ...] = ()
    """The newest rows of `drift`, oldest first; the last one alone has its `effects`."""
    batch: Mapping[str, Any] | None = None
    """The newest row of `batches`."""
    quarantined: int = 0


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
            _kept.lake, _kept.facts = store.identity, {}
        elif _kept.version != version:
            changed = _changed(_kept.version, version)
            _kept.facts = {} if changed is None else {name: found for name, found in _kept.facts.items() if name not in changed}
        _kept.version = version
        missing = [name for name in names if name not in _kept.facts]
        if missing:
            _kept.facts |= _read(store, missing)
        return version, {name: _kept.facts[name] for name in names}


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


def select(there: Mapping[tuple[str, str], set[str]], name: str, table: str, leaving: Iterable[str] = ()) -> str:
    """The columns of a table as a list for SELECT, those that a lake of before lacks as null."""
    known = there.get((name, table), set()) - set(leaving)
    return ", ".join(quoted(each) if each in known else f"NULL AS {quoted(each)}" for each in TABLES[table])


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

    def of(table: str, more: str, leaving: Iterable[str] = ()) -> dict[str, list[dict[str, Any]]]:
        """The rows of a table of all use cases that have it, by use case."""
        asked = [name for name in names if (name, table) in there]
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in asked}
        if asked:
            parts = [
                f"(SELECT {literal(name)} AS use_case, {select(there, name, table, leaving)} FROM {quoted(name)}.{table} {more})" for name in asked
            ]
            cursor = store.cursor().execute(" UNION ALL ".join(parts))
            columns = [each[0] for each in cursor.description or ()]
            for row in cursor.fetchall():
                found[row[0]].append(dict(zip(columns[1:], row[1:], strict=True)))
        return found

    ledgers = of("promotions", "ORDER BY decided_at")
    windows = of("drift", f"ORDER BY judged_at DESC LIMIT {RECENT}", ("effects",))
    newest = of("drift", "ORDER BY judged_at DESC LIMIT 1", ("performance",))
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
            windows=_windows(windows.get(name, ()), newest.get(name, ())),
            batch=next(iter(batches.get(name, ())), None),
            quarantined=quarantined.get(name, 0),
        )
        for name in names
    }


def decision(row: Mapping[str, Any]) -> Decision:
    """A row of the promotions ledger, read."""
    return Decision.model_validate(dict(row) | {name: json.loads(row[name] or "{}") for name in ("numbers", "hashes")})


def _windows(rows: Sequence[dict[str, Any]], newest: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    found = sorted(rows, key=lambda row: row["judged_at"])
    if found and newest:
        found[-1]["effects"] = newest[0]["effects"]
    return tuple(found)
