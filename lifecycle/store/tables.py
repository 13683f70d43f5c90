"""The tables that every use case has beside its rows, in its own schema of the lake."""

from collections.abc import Mapping

from lifecycle.store import locks
from lifecycle.store.lake import Lake, quoted

TABLES = {
    "batches": """batch BIGINT, source VARCHAR, content VARCHAR, came BIGINT, kept BIGINT, quarantined BIGINT, duplicates BIGINT,
        rows_after BIGINT, rules VARCHAR, loaded_at TIMESTAMPTZ, newest TIMESTAMP, retry BOOLEAN, hashed VARCHAR, report VARCHAR,
        reached VARCHAR, files VARCHAR""",
    "quarantine": """batch BIGINT, row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR, source VARCHAR,
        quarantined_at TIMESTAMPTZ, released_at TIMESTAMPTZ, released_by BIGINT""",
    "predictions": """id VARCHAR, key VARCHAR, time TIMESTAMP, model_version BIGINT, origin VARCHAR, scored_at TIMESTAMPTZ, inputs VARCHAR,
        latency DOUBLE""",
    "labels": "key VARCHAR, target VARCHAR, label_time TIMESTAMP, received_at TIMESTAMPTZ",
    "promotions": """model_version BIGINT, action VARCHAR, promoted BOOLEAN, champion BIGINT, reason VARCHAR, numbers VARCHAR,
        gate_rows VARCHAR, actor VARCHAR, decided_at TIMESTAMPTZ, hashes VARCHAR""",
    "drift": """model_version BIGINT, window_start TIMESTAMP, window_end TIMESTAMP, rows BIGINT, max DOUBLE, "limit" DOUBLE, bad BOOLEAN,
        drifted BOOLEAN, effects VARCHAR, performance VARCHAR, reason VARCHAR, judged_at TIMESTAMPTZ, together VARCHAR""",
    "alarms_told": "raised_at TIMESTAMPTZ, told_at TIMESTAMPTZ",
    "watched": """model_version BIGINT, previous BIGINT, windows BIGINT, rows BIGINT, metric VARCHAR, gain DOUBLE, low DOUBLE, high DOUBLE,
        confidence DOUBLE, looked_at TIMESTAMPTZ""",
    "segments": "kind VARCHAR, writer VARCHAR, upto BIGINT, rows BIGINT, taken_at TIMESTAMPTZ",
}


def prepare(lake: Lake, use_case: str, answer: Mapping[str, str] | None = None) -> None:
    """Make the schema and the tables of a use case, and columns that a table of an older version lacks.

    Args:
        lake: where.
        use_case: its name.
        answer: the columns of `predictions` that hold an answer, with their types (`lifecycle.answer_schema.sql`), where they are
            needed now: who brings no answers need not know them.
    """
    if not _missing(lake, use_case, answer or {}):
        return
    with lake.lock(f"prepare {use_case}", locks.SHORT):
        statements = [f"CREATE SCHEMA IF NOT EXISTS {quoted(use_case)}", *_missing(lake, use_case, answer or {})]
        lake.write(lambda transaction: [transaction.execute(statement) for statement in statements])


def _missing(lake: Lake, use_case: str, answer: Mapping[str, str]) -> list[str]:
    """The statements that make what is not there."""
    there: dict[str, set[str]] = {}
    found = lake.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake' AND schema_name = ?", [use_case])
    for table, column in found:
        there.setdefault(table, set()).add(column)
    made = [f"CREATE TABLE IF NOT EXISTS {quoted(use_case)}.{name} ({TABLES[name]})" for name in TABLES if name not in there]
    for name in TABLES.keys() & there.keys():
        columns = [column.strip() for column in TABLES[name].split(",")]
        added = [column for column in columns if column.split()[0].strip('"') not in there[name]]
        made += [f"ALTER TABLE {quoted(use_case)}.{name} ADD COLUMN {column}" for column in added]
    lacking = [name for name in answer if name not in there.get("predictions", ())]
    return made + [f"ALTER TABLE {quoted(use_case)}.predictions ADD COLUMN IF NOT EXISTS {quoted(name)} {answer[name]}" for name in lacking]


def exists(lake: Lake, use_case: str, table: str) -> bool:
    """Whether a use case has this table yet."""
    found = lake.value("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ? AND table_name = ?", [use_case, table])
    return bool(found)
