"""Maintenance as a task, and the cached results that point at what is gone."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH

from lifecycle import maintain as maintaining
from lifecycle.dependencies import answers
from lifecycle.maintain import Freed
from lifecycle.store.lake import lake
from tasks import prefect_runs
from tasks.policies import KEPT_FOR, retried


@retried
def maintain(use_case: str | None, keep_days: int) -> Freed:
    """Clear up, and say what was freed."""
    freed = maintaining.maintain(use_case, keep_days)
    answers.forget(dt.datetime.now(dt.UTC) - KEPT_FOR)
    results, size = _prune(Path(PREFECT_LOCAL_STORAGE_PATH.value()), {row[0] for row in lake().rows("SELECT snapshot_id FROM lake.snapshots()")})
    forgotten = prefect_runs.forget(dt.datetime.now(dt.UTC) - dt.timedelta(days=keep_days))
    freed = freed.model_copy(update={"results_deleted": results, "flow_runs_deleted": forgotten, "bytes_freed": freed.bytes_freed + size})
    counts = freed.model_dump(exclude={"use_case", "key"})
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value:,} |" for name, value in counts.items())
    create_markdown_artifact(markdown=f"# Maintenance\n\n{freed.told()}\n\n| what | number |\n|---|---|\n{rows}", key="maintenance")
    return freed


def _prune(folder: Path, versions: set[int]) -> tuple[int, int]:
    """Delete cached results that are past their time, or refer to versions of the lake that are gone. Returns how many, and their bytes."""
    count = size = 0
    for file in folder.rglob("*") if folder.is_dir() else ():
        if file.is_file() and _useless(file, versions):
            size += file.stat().st_size
            count += 1
            file.unlink(missing_ok=True)
    return count, size


def _useless(file: Path, versions: set[int]) -> bool:
    if time.time() - file.stat().st_mtime > KEPT_FOR.total_seconds():
        return True
    try:
        record = json.loads(file.read_bytes())
        value = record["result"]
        return not set(_lake_versions(json.loads(value) if isinstance(value, str) else value)) <= versions
    except (ValueError, KeyError, TypeError):
        return False  # not one of ours: it stays until its time is over


def _lake_versions(value: Any) -> Iterator[int]:
    """Every version of the lake that a stored reference names: those of snapshots and of feature tables."""
    if isinstance(value, dict):
        if isinstance(value.get("version"), int) and ("fingerprint" in value or "snapshot" in value):
            yield value["version"]
        for part in value.values():
            yield from _lake_versions(part)
