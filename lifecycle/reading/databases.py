"""Tables of PostgreSQL and SQLite: what is asked of them is computed there, and comes as a stream."""

from collections.abc import Callable
from urllib.parse import parse_qsl

import duckdb

from lifecycle.errors import DataError, LifecycleError, Outage
from lifecycle.reading import credentials, level
from lifecycle.reading.increments import Window
from lifecycle.reading.reader import Reader
from lifecycle.store.database import escaped
from lifecycle.store.lake import literal, load, quoted

AWAY = (
    "refused",
    "timeout",
    "timed out",
    "starting up",
    "shutting down",
    "closed the connection",
    "too many clients",
    "reset by peer",
    "unreachable",
)


def postgres(reader: Reader, address: str, table: str, query: str, window: Window | None) -> str:
    """SQL over a table or query. A whole table is read by several connections at once, a window of it by its index."""
    alias = _attached(reader, address)
    if table and not query and not window:
        return level.leveled(reader.cursor, f"FROM {quoted(alias)}.{_table(reader, address, table, alias)}")
    inner = query or f"SELECT * FROM {_table(reader, address, table, alias)}"
    if window:
        inner = f"SELECT * FROM ({inner}) AS rows WHERE {window.where()}"
    return level.leveled(reader.cursor, f"FROM postgres_query({literal(alias)}, {literal(inner)})")


def sqlite(reader: Reader, path: str, shown: str, table: str, query: str = "", window: Window | None = None) -> str:
    """SQL over a table or query of a file: every cell as text that loses nothing, whatever its column was declared as.

    Args:
        reader: a connection.
        path: where the file is.
        shown: what it is called in a message.
        table: empty: its only one.
        query: in place of a table.
        window: what of it is asked for.
    """
    load(reader.cursor, "sqlite_scanner")
    reader.cursor.execute("SET GLOBAL sqlite_all_varchar = true")
    alias = reader.attach("sqlite_scanner", literal(path), "sqlite")

    def ask(sql: str) -> str:
        return f"FROM sqlite_query({literal(alias)}, {literal(sql)})"

    inner = query or f"SELECT * FROM {quoted(table or _only_table(reader, shown, ask))}"
    names = [name for name, *_ in reader.cursor.execute(f"DESCRIBE {ask(inner)}").fetchall()]
    exact = ", ".join(_exact(name) for name in names)
    where = f" WHERE {window.where()}" if window else ""
    shown = ", ".join(level.text(name) for name in names)
    return f"SELECT {shown} {ask(f'SELECT {exact} FROM ({inner}) AS rows{where}')}"


def _exact(name: str) -> str:
    column = quoted(name)
    short = f"printf('%!.15g', {column})"
    real = f"CASE WHEN CAST({short} AS REAL) = {column} THEN {short} ELSE printf('%!.17g', {column}) END"
    return f"CASE typeof({column}) WHEN 'real' THEN {real} WHEN 'blob' THEN hex({column}) ELSE CAST({column} AS TEXT) END AS {column}"


def _only_table(reader: Reader, shown: str, ask: Callable[[str], str]) -> str:
    listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    tables = [name for (name,) in reader.cursor.execute(ask(listed)).fetchall()]
    if len(tables) != 1:
        found = f"the tables {', '.join(tables)}" if tables else "no table"
        raise LifecycleError(f"the file {shown} has {found}; name one as in {shown}?table={tables[0] if tables else 'NAME'}")
    return tables[0]


def _attached(reader: Reader, address: str) -> str:
    """Attach the server's database; what it says of a failure is said without the password."""
    at = credentials.address(address)
    fields = {"host": at.host, "port": str(at.port or 5432), "user": at.user, "password": at.password, "dbname": at.path.strip("/")}
    fields |= {"connect_timeout": "15"} | dict(parse_qsl(at.query))
    conninfo = " ".join(f"{name}='{escaped(value)}'" for name, value in fields.items() if value)
    try:
        return reader.attach("postgres_scanner", literal(conninfo), "postgres")
    except duckdb.Error as error:
        said = str(error).replace(conninfo, "").replace(at.password or "\0", "***")
        reason = credentials.hidden(" ".join(said.split()).partition(": ")[2].removeprefix('Unable to connect to Postgres at "": '))
        if any(sign in said.lower() for sign in AWAY):
            raise Outage(f"PostgreSQL at {at.shown} does not answer ({reason}); check the address, or try again later") from None
        raise LifecycleError(f"PostgreSQL at {at.shown} refuses ({reason}); check {address} and what is set for its ${{NAME}}s") from None


def _table(reader: Reader, address: str, table: str, alias: str) -> str:
    """The table as SQL names it, in both DuckDB and PostgreSQL."""
    if not table:
        raise LifecycleError(f"the source {address} names no table; add ?table=NAME, or ?query=SELECT ...")
    schema, _, name = table.rpartition(".")
    found = reader.cursor.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? UNION ALL"
        " SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = ? AND NOT internal ORDER BY ALL", [alias, alias]
    ).fetchall()  # fmt: skip
    if (schema or "public", name) not in found:
        own = [f"{each}.{one}" for each, one in found if each not in ("information_schema", "pg_catalog")]
        listed = ", ".join(own[:20]) or "none"
        raise DataError(f"PostgreSQL at {address} has no table '{table}'; it has {listed}; name one of them")
    return f"{quoted(schema or 'public')}.{quoted(name)}"
