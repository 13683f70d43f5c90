"""The tables that every use case has beside its rows, in its own schema of the lake."""

from lifecycle.lake import Lake, quoted

TABLES = {
    "batches": """batch BIGINT, source VARCHAR, content VARCHAR, came BIGINT, kept BIGINT, quarantined BIGINT, duplicates BIGINT,
        rows_after BIGINT, rules VARCHAR, loaded_at TIMESTAMPTZ""",
    "quarantine": """batch BIGINT, row BIGINT, "column" VARCHAR, "check" VARCHAR, value VARCHAR, record VARCHAR, source VARCHAR,
        quarantined_at TIMESTAMPTZ""",
    "predictions": """id VARCHAR, key VARCHAR, time TIMESTAMP, model_version BIGINT, prediction VARCHAR, probability DOUBLE,
        number DOUBLE, origin VARCHAR, scored_at TIMESTAMPTZ""",
    "labels": "key VARCHAR, target VARCHAR, label_time TIMESTAMP, received_at TIMESTAMPTZ",
    "promotions": """model_version BIGINT, action VARCHAR, promoted BOOLEAN, champion BIGINT, reason VARCHAR, numbers VARCHAR,
        gate_rows VARCHAR, actor VARCHAR, decided_at TIMESTAMPTZ""",
    "drift": """model_version BIGINT, window_start TIMESTAMP, window_end TIMESTAMP, rows BIGINT, max DOUBLE, "limit" DOUBLE, bad BOOLEAN,
        drifted BOOLEAN, effects VARCHAR, performance VARCHAR, reason VARCHAR, judged_at TIMESTAMPTZ""",
}


def prepare(lake: Lake, use_case: str) -> None:
    """Make the schema and the tables of a use case, where they are missing."""
    there = {row[0] for row in lake.rows("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ?", [use_case])}
    missing = [name for name in TABLES if name not in there]
    if not missing:
        return
    with lake.lock(f"prepare {use_case}"):
        made = [f"CREATE TABLE IF NOT EXISTS {quoted(use_case)}.{name} ({TABLES[name]})" for name in missing]
        lake.write(lambda transaction: transaction.execute("; ".join([f"CREATE SCHEMA IF NOT EXISTS {quoted(use_case)}", *made])))


def exists(lake: Lake, use_case: str, table: str) -> bool:
    """Whether a use case has this table yet."""
    found = lake.value("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = ? AND table_name = ?", [use_case, table])
    return bool(found)
