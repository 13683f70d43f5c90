"""MLflow's registry, read from its tables: importing MLflow would cost every start a second, and asking it every poll 5 ms."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from lifecycle.errors import LifecycleError
from lifecycle.references import ModelVersion
from lifecycle.store import versions
from lifecycle.store.database import Database

if TYPE_CHECKING:
    import psycopg

ALIASES = "SELECT name, alias, version FROM registered_model_aliases"
VERSION = """SELECT v.storage_location, r.artifact_uri FROM model_versions v LEFT JOIN runs r ON r.run_uuid = v.run_id
    WHERE v.name = %s AND v.version = %s"""
TAGS = "SELECT key, value FROM model_version_tags WHERE name = %s AND version = %s"
MADE = "SELECT to_regclass('registered_model_aliases') IS NOT NULL"


@dataclass(frozen=True)
class Kept:
    """A registered model version and where its files are."""

    version: ModelVersion
    location: str
    """A folder, or an address such as `s3://...`."""
    run_location: str
    """The same of what its run keeps beside the model."""
    tags: dict[str, str]


class Registry:
    """One connection to MLflow's database, for one thread; made again after it broke."""

    def __init__(self, server: Database) -> None:
        self._server = server
        self._connection: psycopg.Connection[Any] | None = None
        self._made = False

    def aliases(self) -> dict[str, dict[str, int]]:
        """The versions that stand under each alias, by use case.

        Raises:
            psycopg.Error: the database is away; the next call tries again.
        """
        found: dict[str, dict[str, int]] = {}
        self._made = self._made or bool(self._rows(MADE)[0][0])
        for name, alias, version in self._rows(ALIASES) if self._made else ():
            found.setdefault(name, {})[alias] = int(version)
        return found

    def version(self, use_case: str, number: int) -> Kept:
        """A version with its files' place.

        Raises:
            LifecycleError: there is none of that number, or somebody else registered it.
        """
        places = self._rows(VERSION, use_case, number)
        if not places:
            raise LifecycleError(f"use case '{use_case}': version {number} must be a registered model version, found none")
        tags = dict(self._rows(TAGS, use_case, number))
        return Kept(versions.reference(SimpleNamespace(name=use_case, version=number, tags=tags)), places[0][0] or "", places[0][1] or "", tags)

    def close(self) -> None:
        """Leave the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        import psycopg

        if self._connection is None or self._connection.broken:
            self._connection = psycopg.connect(self._server.conninfo("mlflow"), autocommit=True, connect_timeout=5)
        try:
            return self._connection.execute(query, values).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
        except psycopg.OperationalError:
            self.close()
            raise
