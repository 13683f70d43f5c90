"""A query taken apart before it runs: one that only reads, with the tables and functions that it names."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from lifecycle.errors import LifecycleError

INNER = ("", "main", "information_schema", "pg_catalog")
"""Schemas in which DuckDB's own views are found."""


@dataclass(frozen=True)
class Table:
    """A table as a query names it; a file between quotes is one too."""

    catalog: str
    schema: str
    name: str

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)

    @property
    def inner(self) -> bool:
        """Whether it is a view of DuckDB's own, which shows what the engine knows."""
        return self.catalog in ("", "system") and self.schema in INNER and self.name.lower() in _views()


@dataclass(frozen=True)
class Call:
    """A function whose rows a query reads."""

    name: str
    arguments: tuple[Any, ...]
    """Those without a name: texts, lists of texts, and `None` for what only running it would tell."""


@dataclass(frozen=True)
class Asked:
    """What a query reads."""

    tables: tuple[Table, ...]
    calls: tuple[Call, ...]
    functions: frozenset[str]
    """The names of all the other functions in it."""


def taken_apart(query: str) -> Asked:
    """What a query reads, told by DuckDB's own parser.

    Raises:
        LifecycleError: it is no single query: another statement, several of them, or nothing that DuckDB can read.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as parser:
        found = json.loads(parser.execute("SELECT json_serialize_sql(?)", [query]).fetchall()[0][0])
        statements = found.get("statements", [])
        if found["error"] or len(statements) != 1:
            raise LifecycleError(_refusal(parser, query, found))
    names = {entry["key"].lower() for node in _nodes(statements) for entry in node.get("cte_map", {}).get("map", ())}
    tables, calls, functions = [], [], set[str]()
    for node in _nodes(statements):
        if node.get("type") in ("BASE_TABLE", "SHOW_REF") and node["table_name"]:
            catalog, schema, name = (node[part].strip('"') for part in ("catalog_name", "schema_name", "table_name"))
            table = Table(catalog.lower(), schema.lower(), name)
            if table.catalog or table.schema or table.name.lower() not in names:
                tables.append(table)
        elif node.get("type") == "TABLE_FUNCTION":
            called = node["function"]
            calls.append(Call(called["function_name"].lower(), tuple(_value(each) for each in called["children"] if not _is_named(each))))
        if node.get("class") in ("FUNCTION", "WINDOW"):
            functions.add(node["function_name"].lower())
    return Asked(tuple(tables), tuple(calls), frozenset(functions - {call.name for call in calls}))


def _refusal(parser: duckdb.DuckDBPyConnection, query: str, found: dict[str, Any]) -> str:
    try:
        kinds = [statement.type.name for statement in parser.extract_statements(query)]
    except duckdb.Error:
        said = " ".join(str(found.get("error_message", "")).split()).removesuffix(".")
        return f"the query cannot be read: {said}; write one SELECT"
    other = [sort for sort in kinds if sort != "SELECT"]
    what = f"{len(kinds)} statements" if len(kinds) != 1 else f"a {(other or ['PRAGMA'])[0]} statement"
    return f"a query only reads, found {what}; write one that begins with SELECT, FROM, WITH, DESCRIBE, SHOW or SUMMARIZE"


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every node of a parsed query, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _is_named(argument: dict[str, Any]) -> bool:
    """Whether an argument is of the kind `header = true`."""
    return (argument.get("type") == "COMPARE_EQUAL" and argument.get("left", {}).get("class") == "COLUMN_REF") or bool(argument.get("alias"))


def _value(argument: dict[str, Any]) -> Any:
    if argument.get("class") == "CONSTANT" and argument["value"]["type"]["id"] == "VARCHAR":
        return argument["value"].get("value")
    if argument.get("class") == "FUNCTION" and argument["function_name"] == "list_value":
        values = [_value(each) for each in argument["children"]]
        return values if all(isinstance(each, str) for each in values) else None
    return None


@cache
def _views() -> frozenset[str]:
    """The names of DuckDB's own views."""
    with duckdb.connect() as engine:
        return frozenset(name.lower() for (name,) in engine.execute("SELECT DISTINCT view_name FROM duckdb_views() WHERE internal").fetchall())
