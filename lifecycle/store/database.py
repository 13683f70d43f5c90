"""The one PostgreSQL behind everything: the lake's catalogue, MLflow's store and Prefect's store."""

import os
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from lifecycle import faults
from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings
from lifecycle.store import postgres, private

Purpose = Literal["lake", "mlflow", "prefect"]
CREDENTIALS = {"PGPASSWORD", "PGPASSFILE", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL"}
READER = "lifecycle_reader"
READ_ONLY = "-c default_transaction_read_only=on"
PURPOSES: tuple[Purpose, ...] = ("lake", "mlflow", "prefect")


@dataclass(frozen=True)
class Database:
    """A PostgreSQL server, and the names of the three databases on it."""

    host: str
    user: str
    base: str
    port: int = 5432
    password: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def name(self, purpose: Purpose) -> str:
        """The name of the database for one purpose."""
        return f"{self.base}_{purpose}"

    def conninfo(self, purpose: Purpose | None = None) -> str:
        """A libpq connection string; `None` connects to the server's own maintenance database."""
        name = self.name(purpose) if purpose else "postgres"
        fields = {"host": self.host, "port": str(self.port), "user": self.user, "password": self.password, "dbname": name}
        fields |= dict(self.options)
        return " ".join(f"{key}='{escaped(value)}'" for key, value in fields.items() if value)

    def url(self, purpose: Purpose, driver: Literal["psycopg", "asyncpg"]) -> str:
        """An SQLAlchemy address of the database for one purpose."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        start = f"postgresql+{driver}://{quote(self.user, safe='')}{secret}@"
        query = dict(self.options)
        if self.host.startswith("/"):
            return f"{start}/{self.name(purpose)}?{urlencode({'host': self.host, **query})}"
        return f"{start}{self.host}:{self.port}/{self.name(purpose)}{'?' if query else ''}{urlencode(query)}"

    def hidden(self, text: str) -> str:
        """`text` without the password, for logs and messages."""
        return text.replace(self.password, "***").replace(quote(self.password, safe=""), "***") if self.password else text


def escaped(value: str) -> str:
    """A value as it stands between the quotes of a libpq connection string."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def parse(url: str) -> Database:
    """Read `postgresql://user:password@host:port/base`.

    Raises:
        LifecycleError: it is not such an address.
    """
    parts = urlsplit(url)
    if parts.scheme.split("+")[0] not in {"postgresql", "postgres"} or not (parts.hostname or "host=" in parts.query):
        raise LifecycleError("LIFECYCLE_DATABASE_URL must read postgresql://user:password@host:port/name; fix it in the environment or .env")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or unquote(parts.hostname or "")
    base = parts.path.strip("/") or "lifecycle"
    return Database(host, unquote(parts.username or "postgres"), base, parts.port or 5432, unquote(parts.password or ""), tuple(query.items()))


@cache
def connect(settings: Settings) -> Database:
    """The database of these settings, reachable, with its three databases made.

    Raises:
        LifecycleError: nothing answers there, or the databases may not be made.
    """
    private.claim(settings.home)
    if settings.database_url:
        database = parse(settings.database_url.get_secret_value())
    else:
        _forget_libpq()
        database = Database(str(postgres.start(settings.home / "postgres")), "postgres", "lifecycle")
    _create(database)
    return database


def _forget_libpq() -> None:
    """Take what leads libpq and its kin elsewhere (`PGPORT`, `PGSERVICE`, `PGSSLMODE`, ...) out of this process' environment.

    It is read by every client of the embedded server, and not all of it can be overruled in a connection string. What only proves
    who one is stays: a source of a use case may need it. A PostgreSQL of the user's own is reached as libpq has it.
    """
    for name in [name for name in os.environ if name.startswith("PG") and name not in CREDENTIALS]:
        del os.environ[name]


def reader(settings: Settings) -> Database:
    """The same database for who only reads: as a role that can do nothing else where the server is ours, in transactions that only read elsewhere."""
    found = connect(settings)
    if settings.database_url:
        given = dict(found.options)
        return replace(found, options=tuple((given | {"options": f"{given.get('options', '')} {READ_ONLY}".strip()}).items()))
    import psycopg
    from psycopg import sql

    role = sql.Identifier(READER)
    with psycopg.connect(found.conninfo("lake"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('reader', 0))")
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION").format(role))
            connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))
        for grant in ("USAGE ON SCHEMA public", "SELECT ON ALL TABLES IN SCHEMA public"):  # every time: the lake makes tables as it grows
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.SQL(grant), role))
    return replace(found, user=READER, options=(*found.options, ("options", READ_ONLY)))


def _create(database: Database) -> None:
    import psycopg
    from psycopg import errors, sql

    try:
        with psycopg.connect(database.conninfo(), autocommit=True, connect_timeout=10) as connection:
            there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            for purpose in PURPOSES:
                if database.name(purpose) in there:
                    continue
                try:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.name(purpose))))
                except (errors.DuplicateDatabase, errors.UniqueViolation):
                    pass  # another first start made it in the same moment
    except psycopg.Error as error:
        where = f"{database.host}:{database.port}"
        reason = database.hidden(" ".join(str(error).split()))
        raise faults.of_server(reason) or LifecycleError(
            f"PostgreSQL at {where} cannot be used: {reason}; check LIFECYCLE_DATABASE_URL and that the server runs"
        ) from error
