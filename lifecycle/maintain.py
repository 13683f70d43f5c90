"""Maintain: what nothing needs any more goes. Rows, predictions, ledgers and registered models stay."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from lifecycle import code_tree, registry
from lifecycle.prediction_log import ingest
from lifecycle.references import ModelVersion, Reference
from lifecycle.store import models, tracking, versions
from lifecycle.store.lake import Lake, lake

UNSCHEDULED = "SELECT path FROM ducklake_cleanup_old_files('lake', dry_run => true, cleanup_all => true)"


class Freed(Reference):
    """What a clearing-up freed."""

    files_merged: int = 0
    versions_expired: int = 0
    files_deleted: int = 0
    bytes_freed: int = 0
    runs_deleted: int = 0
    results_deleted: int = 0
    flow_runs_deleted: int = 0
    oldest_version: int = 0
    """The oldest version of the lake that can still be read, but for those that models were trained on."""

    def told(self) -> str:
        """As a line for a person."""
        return (
            f"freed {self.bytes_freed / 1e6:,.1f} MB: {self.files_merged:,} small files merged, {self.versions_expired:,} lake versions expired, "
            f"{self.files_deleted:,} files deleted, {self.runs_deleted:,} MLflow runs, {self.flow_runs_deleted:,} flow runs and {self.results_deleted:,} cached results removed"
        )


def maintain(use_case: str | None, keep_days: int) -> Freed:
    """Take in what was served on this machine, compact the lake, expire its versions, delete MLflow runs; of all use cases where none is named.

    A version of the lake is needed when a registered model was trained on it; a run, when a registered model came from it.
    Whatever is younger than `keep_days` stays in any case, and so does the newest version.
    """
    began = dt.datetime.now(dt.UTC) - dt.timedelta(days=keep_days)
    for name in [use_case] if use_case else registry.names():
        ingest.take(name)
    code_tree.remove_forgotten()
    store = lake()
    with store.lock("maintain"):
        registered = list(_registered())
        before = _size(store)
        merged = _merge(store)
        expired = _expire(store, {number for model in registered for number in versions_of(model)}, began)
        deleted = store.rows("SELECT path FROM ducklake_cleanup_old_files('lake', cleanup_all => true)")
    runs, bytes_of_runs = _delete_runs([use_case] if use_case else registry.names(), registered, began)
    return Freed(
        use_case=use_case or "",
        files_merged=merged,
        versions_expired=expired,
        files_deleted=len(deleted),
        bytes_freed=max(before - _size(store), 0) + bytes_of_runs,
        runs_deleted=runs,
        oldest_version=int(store.value("SELECT min(snapshot_id) FROM lake.snapshots() WHERE snapshot_time >= ?", [began]) or store.version()),
    )


def versions_of(model: ModelVersion) -> set[int]:
    """The versions of the lake that a registered model was trained on."""
    features = model.evaluated.trained.parts.features
    return {features.version, features.snapshot.version}


def _registered() -> Iterator[ModelVersion]:
    """Every version of ours that MLflow still has, by whatever name: nobody's tag makes us delete what one was made from."""
    runs, page = set[str](), None
    while page is None or page.token:
        page = tracking.client().search_model_versions(max_results=1000, page_token=page.token if page else None)
        runs |= {each.run_id for each in page}
    yield from (version for version in versions.every() if version.run_id in runs)


def _size(store: Lake) -> int:
    """Bytes of data files that the lake holds now, those of older versions and those to be deleted included."""
    storage = store.storage
    if "://" in storage:
        return int(store.value(f"SELECT coalesce(sum(size), 0) FROM read_blob('{storage}/**/*.parquet')") or 0)
    from pathlib import Path

    return sum(file.stat().st_size for file in Path(storage).rglob("*.parquet"))


def _merge(store: Lake) -> int:
    """Merge small files that lie side by side; every version reads as before."""
    return sum(row[0] for row in store.rows("SELECT files_processed FROM ducklake_merge_adjacent_files('lake')"))


def _expire(store: Lake, needed: set[int], began: dt.datetime) -> int:
    """Expire the versions before a moment that nothing needs."""
    old = store.rows("SELECT snapshot_id FROM lake.snapshots() WHERE snapshot_time < ? AND snapshot_id < ? ORDER BY 1", [began, store.version()])
    going = [number for (number,) in old if number not in needed]
    if going:
        listed = ", ".join(map(str, going))
        store.rows(f"SELECT snapshot_id FROM ducklake_expire_snapshots('lake', versions => [{listed}]::UBIGINT[])")
    return len(going)


def _delete_runs(use_cases: list[str], registered: list[ModelVersion], began: dt.datetime) -> tuple[int, int]:
    """Delete the MLflow runs that ended before a moment and made no registered model. Returns how many, and their bytes."""
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    needed = {model.run_id for model in registered}
    count = freed = 0
    for use_case in use_cases:
        for run in tracking.runs(use_case, f"attributes.start_time < {int(began.timestamp() * 1000)}", most=50_000):
            if run.info.run_id in needed:
                freed += models.remove(model for model in models.begun(run) if model.model_id not in models.linked(run))
            elif run.data.tags.get(MLFLOW_PARENT_RUN_ID) not in needed:
                freed += _delete_run(run)
                count += 1
    return count, freed


def _delete_run(run: Any) -> int:
    """Remove a run with its artifacts and models for good, as `mlflow gc` does; also models that a kill kept from becoming the run's own."""
    client = tracking.client()
    if run.info.lifecycle_stage == "active":
        client.delete_run(run.info.run_id)
    freed = models.remove(models.begun(run))
    client._tracking_client.store._hard_delete_run(run.info.run_id)
    return freed + tracking.erase(run.info.artifact_uri or "")
