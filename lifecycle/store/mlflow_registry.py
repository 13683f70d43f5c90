"""MLflow's registry, read from its tables: importing MLflow would cost every start a second. What stands there is compared, and not acted upon."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from lifecycle.references import ModelVersion
from lifecycle.settings import settings
from lifecycle.store import database
from lifecycle.store.records import Reader

MADE = "SELECT to_regclass('registered_model_aliases') IS NOT NULL"
MODEL = "SELECT count(*) FROM registered_models WHERE name = %s"
ALIASES = "SELECT alias, version FROM registered_model_aliases WHERE name = %s"
VERSIONS = "SELECT version, current_stage FROM model_versions WHERE name = %s"
ELSEWHERE = "SELECT name FROM model_versions WHERE run_id = %s AND version = %s AND name <> %s AND current_stage <> %s ORDER BY name LIMIT 1"
TAGS = "SELECT key, value FROM model_version_tags WHERE name = %s AND version = %s"
DELETED, ARCHIVED = "Deleted_Internal", "Archived"
"""Stages of MLflow: a version that is deleted keeps its number."""


@dataclass(frozen=True)
class Registry:
    """What MLflow's registry holds of a use case."""

    name: str
    there: bool = False
    """Whether it has a registered model of this name."""
    aliases: dict[str, int] = field(default_factory=dict)
    stages: dict[int, str] = field(default_factory=dict)
    """By version; those that were deleted included."""

    @property
    def numbers(self) -> list[int]:
        """The versions that are not deleted, oldest first."""
        return sorted(number for number, stage in self.stages.items() if stage != DELETED)


def reader() -> Reader:
    """A connection to MLflow's database."""
    return Reader(database.connect(settings()), "mlflow")


def look(at: Reader, use_case: str) -> Registry:
    """What there is of a use case.

    Raises:
        psycopg.Error: the database is away.
    """
    if not at.rows(MADE)[0][0]:
        return Registry(use_case)
    aliases = {alias: int(version) for alias, version in at.rows(ALIASES, use_case)}
    return Registry(use_case, bool(at.rows(MODEL, use_case)[0][0]), aliases, {int(number): stage for number, stage in at.rows(VERSIONS, use_case)})


def lost(at: Reader, found: Registry, version: ModelVersion) -> str:
    """Why a version that was registered is not there any more, and what would bring it back; empty where it is there."""
    if version.version in found.numbers:
        return ""
    renamed = at.rows(ELSEWHERE, version.run_id, version.version, found.name, DELETED) if at.rows(MADE)[0][0] else []
    if renamed:
        return f"MLflow has it under the name '{renamed[0][0]}' (rename that model back to '{found.name}' to have it again)"
    return "it was deleted in MLflow" if found.there else f"the whole registered model '{found.name}' was deleted in MLflow"


def differences(at: Reader, found: Registry, version: ModelVersion) -> Iterator[str]:
    """In what MLflow says something else of a version than what was registered; one sentence each. Nothing of it is believed."""
    name, number = found.name, version.version
    tags = dict(at.rows(TAGS, name, number))
    changed = sorted(tag for tag, sha256 in version.tags.items() if hashlib.sha256(tags.get(tag, "").encode()).hexdigest() != sha256)
    if changed:
        yield (
            f"in MLflow version {number} differs from what was registered in its tags {', '.join(changed)}: nothing is read from them, "
            "and somebody changed them; see who may write to MLflow"
        )
    if found.stages.get(number) == ARCHIVED:
        yield (
            f"version {number} is in MLflow's stage 'Archived', which decides nothing: it answers until 'lifecycle rollback {name}' or "
            f"'lifecycle promote {name} VERSION' puts another in its place"
        )
