"""What a person's query of the lake may read: the lake's tables and versions, and what tables and columns there are."""

from lifecycle.errors import LifecycleError
from lifecycle.store.select import taken_apart

VIEWS = frozenset(("duckdb_tables", "duckdb_columns", "duckdb_views", "duckdb_schemas", "duckdb_types", "tables", "columns", "schemata", "views",
                   "pg_tables", "pg_views", "pg_class", "pg_attribute", "pg_namespace", "pg_type", "sqlite_master", "sqlite_schema"))  # fmt: skip
LAKE = ("snapshots", "current_snapshot", "last_committed_snapshot", "table_info", "table_changes", "table_insertions", "table_deletions")
CALLS = frozenset(("unnest", "range", "generate_series", "repeat", "repeat_row", "json_each", "json_tree", "histogram", "histogram_values", "summary",
                   "duckdb_tables", "duckdb_columns", "duckdb_views", "duckdb_schemas", "duckdb_types", "duckdb_functions", "duckdb_keywords",
                   "pragma_table_info", "pragma_version", "pg_timezone_names", *LAKE, *(f"ducklake_{name}" for name in LAKE)))  # fmt: skip
TELLING = frozenset(("current_setting", "getenv", "getvariable", "write_log"))
"""Functions that tell of the process, or write."""
BEHIND = "__ducklake_metadata_"
"""The catalogue's own tables, in PostgreSQL."""


def check(query: str) -> None:
    """Refuse a query that does more than read the lake.

    What is not named here is refused, so that a function of a newer DuckDB, or of an extension, is no way to files or servers.

    Raises:
        LifecycleError: it is another statement, or it names something beside the lake.
    """
    asked = taken_apart(query)
    for call in asked.calls:
        if call.name not in CALLS:
            raise _beyond(f"{call.name}()")
    for name in sorted(asked.functions & TELLING):
        raise _beyond(f"{name}()")
    for table in asked.tables:
        behind = table.catalog.startswith(BEHIND) or table.schema.startswith(BEHIND)
        if behind or (table.inner and table.name.lower() not in VIEWS) or (table.catalog not in ("", "lake") and not table.inner):
            raise _beyond(str(table))


def _beyond(name: str) -> LifecycleError:
    return LifecycleError(
        f"'lifecycle sql' only reads the lake, and {name} is not of it; name its tables (\"FROM duckdb_tables()\" lists them), or read files with DuckDB itself"
    )
