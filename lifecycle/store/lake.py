"""The lake: DuckLake tables in Parquet files, their catalogue in PostgreSQL, one connection a process."""

import importlib.util
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import duckdb

from lifecycle.errors import LifecycleError
from lifecycle.settings import Settings, settings
from lifecycle.store import database, locks
from lifecycle.store.database import Database

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
MAX_MEGABYTES = 2_000
"""MB: more would be faster by little, for what is larger goes over the disk; and Polars needs room beside it."""
CONFLICT_TRIES = 12  # DuckLake retries a conflict itself; this is for what it gives up on


class Lake:
    """One DuckLake, attached as `lake` and used by default: tables are `use_case.table`."""

    def __init__(self, server: Database, storage: str, *, read_only: bool = False) -> None:
        self.server = server
        self.storage = storage
        self._local = threading.local()
        self._connection = _connect(server, storage, read_only)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's cursor on the one connection of the process."""
        if not hasattr(self._local, "cursor"):
            self._local.cursor = self._connection.cursor()
            self._local.cursor.execute("USE lake")
        return self._local.cursor

    def renew(self) -> None:
        """Let this thread have another cursor from here on.

        A connection to the catalogue that is cut off at the wrong moment can leave a view on a cursor that is neither there nor gone:
        nothing of its name can be made again.
        """
        self._local.__dict__.pop("cursor", None)

    @contextmanager
    def registered(self, name: str, rows: Any) -> Iterator[None]:
        """Arrow data as a relation of this thread's cursor while the block runs."""
        try:
            self.cursor().register(name, rows)
        except duckdb.CatalogException:  # what an outage left; see `renew`
            self.renew()
            self.cursor().register(name, rows)
        try:
            yield
        finally:
            self.cursor().unregister(name)

    def aside(self) -> duckdb.DuckDBPyConnection:
        """Another cursor: to read a result bit by bit while this thread's own cursor does something else."""
        cursor = self._connection.cursor()
        cursor.execute("USE lake")
        return cursor

    def frame(self, query: str, params: Sequence[Any] | None = None) -> "pl.DataFrame":
        """The result of a query as a Polars frame."""
        import polars as pl

        # not `.sql(query, params=...)`: with parameters it makes every row a Python object on the way, thirty times as slow;
        # and not `.execute(...).pl()`, which is as fast, and which DuckDB 2.0 does not have any more
        return pl.DataFrame(self.cursor().execute(query, params).to_arrow_table())

    def rows(self, query: str, params: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The result of a query as tuples."""
        return self.cursor().execute(query, params).fetchall()

    def value(self, query: str, params: Sequence[Any] | None = None) -> Any:
        """The first cell of a query's result; `None` where there is no row."""
        rows = self.rows(query, params)  # all of them: a result that is not read to its end keeps its transaction open
        return rows[0][0] if rows else None

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run `work` in one transaction: all of it is written, or nothing. A conflict runs it again."""
        cursor = self.cursor()
        for attempt in range(CONFLICT_TRIES):
            cursor.execute("BEGIN")
            try:
                result = work(cursor)
                cursor.execute("COMMIT")
                return result
            except duckdb.TransactionException:
                _roll_back(cursor)
                if attempt == CONFLICT_TRIES - 1:
                    raise
                time.sleep(random.uniform(0.05, 0.1) * 2 ** min(attempt, 6))
            except BaseException:
                _roll_back(cursor)
                raise
        raise AssertionError("unreachable")

    def version(self) -> int:
        """The newest version (snapshot) of the lake."""
        return int(self.value("SELECT max(snapshot_id) FROM lake.snapshots()"))

    @property
    def identity(self) -> str:
        """What tells this lake from every other, also from an emptied one in the same place."""
        if not hasattr(self, "_identity"):
            self._identity = _identity(self)
        return self._identity

    @contextmanager
    def lock(self, name: str, seconds: float = locks.LONG) -> Iterator[None]:
        """Hold a lock over all processes and hosts; PostgreSQL frees it when its holder dies. Waiting for it is said, and ends."""
        with locks.named(self.server.conninfo("lake"), name, seconds):
            yield


def lake(at: Settings | None = None) -> Lake:
    """The lake of these settings (of this process' own by default), opened once a process."""
    return _opened(at or settings())


def read_only(at: Settings) -> Lake:
    """A second connection, for a person's query: it reads the lake's files and its catalogue, and can do nothing else."""
    return Lake(database.reader(at), at.lake_storage, read_only=True)


def quoted(name: str) -> str:
    """A column or table name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as SQL takes it."""
    return "'" + value.replace("'", "''") + "'"


def load(connection: duckdb.DuckDBPyConnection, extension: str) -> None:
    """Load a DuckDB extension from its wheel: nothing is downloaded at run time."""
    module = "duckdb_extension_" + extension
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        package = module.replace("_", "-")
        raise LifecycleError(f"the DuckDB extension '{extension}' is not installed; run 'pip install {package}=={duckdb.__version__}'")
    file = next(Path(next(iter(found.submodule_search_locations))).rglob("*.duckdb_extension"))
    connection.execute(f"LOAD {literal(str(file))}")


@cache
def _opened(at: Settings) -> Lake:
    return Lake(database.connect(at), at.lake_storage)


def _connect(server: Database, storage: str, read_only: bool) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        for extension in ("ducklake", "postgres_scanner"):
            load(connection, extension)
        if storage.startswith("s3://"):
            use_s3(connection)
        else:
            Path(storage).mkdir(parents=True, exist_ok=True)
        connection.execute("SET ducklake_max_retry_count = 100")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET memory_limit = {literal(f'{memory(settings())}MB')}")
        connection.execute(f"SET temp_directory = {literal(str(settings().home / 'cache' / 'duckdb'))}")
        options = f"DATA_PATH {literal(storage + '/')}" + (", READ_ONLY" if read_only else "")
        where = literal("ducklake:postgres:" + server.conninfo("lake"))
        _first_alone(server, lambda: connection.execute(f"ATTACH {where} AS lake ({options})"))
        if read_only:
            _seal(connection, storage)
    except duckdb.Error as error:
        reason = server.hidden(" ".join(str(error).split()))
        raise LifecycleError(f"the lake at {storage} cannot be opened: {reason}; see 'lifecycle doctor'") from error
    return connection


def _seal(connection: duckdb.DuckDBPyConnection, storage: str) -> None:
    """Leave a connection no way to other files, servers, extensions, Python's variables and settings."""
    connection.execute(f"SET allowed_directories = [{literal(storage + '/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET allowed_configs = ['schema', 'search_path']")  # each cursor says 'USE lake'
    connection.execute("SET lock_configuration = true")


def memory(at: Settings) -> int:
    """How many MB DuckDB may take: what the setting says, else two fifths of the machine's or the container's, at most 2,000."""
    if at.memory:
        return at.memory
    import psutil

    most = psutil.virtual_memory().total
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        text = limit.read_text().strip() if limit.exists() else ""
        most = min(most, int(text)) if text.isdigit() else most
    return int(min(most * 0.4 / 1e6, MAX_MEGABYTES))


def _first_alone(server: Database, attach: Callable[[], object]) -> None:
    """Two first attachments at once would both make the catalogue; a lock that PostgreSQL keeps orders them."""
    with locks.named(server.conninfo("lake"), "attach", locks.SHORT):
        attach()


def use_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Reach S3-compatible storage with the usual `AWS_*` variables."""
    load(connection, "httpfs")
    given = {"KEY_ID": "AWS_ACCESS_KEY_ID", "SECRET": "AWS_SECRET_ACCESS_KEY", "SESSION_TOKEN": "AWS_SESSION_TOKEN", "REGION": "AWS_REGION"}
    parts = [f"{key} {literal(os.environ[name])}" for key, name in given.items() if os.environ.get(name)]
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    if endpoint.netloc:
        parts += [f"ENDPOINT {literal(endpoint.netloc)}", "URL_STYLE 'path'", f"USE_SSL {endpoint.scheme == 'https'}"]
    connection.execute(f"CREATE OR REPLACE SECRET storage ({', '.join(['TYPE s3', *parts])})")


def _identity(of: Lake) -> str:
    with locks.named(of.server.conninfo("lake"), "identity", locks.SHORT) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS lifecycle_identity (id uuid NOT NULL)")
        connection.execute("INSERT INTO lifecycle_identity SELECT gen_random_uuid() WHERE NOT EXISTS (SELECT FROM lifecycle_identity)")
        row = connection.execute("SELECT id FROM lifecycle_identity").fetchone()
        return str(row[0]) if row else ""


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:
        pass  # the engine has ended the transaction already
