"""What Prefect remembers of flow runs that ended long ago goes, with their task runs, logs and artifacts."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.client.schemas import filters
from prefect.client.schemas.sorting import FlowRunSort

FLOWS = ("ingest", "train", "score", "monitor", "lifecycle", "promote", "rollback", "maintain")
"""The flows whose runs are ours to forget, by name."""
AT_ONCE = 200


def forget(before: dt.datetime) -> int:
    """Delete the runs of our flows that ended before a moment, but for those that hold the newest artifact of its key: a card, a verdict.

    Task runs go with their flow run, logs a moment later. Returns how many runs.
    """
    ours = filters.FlowFilter(name=filters.FlowFilterName(any_=list(FLOWS)))
    old = filters.FlowRunFilter(end_time=filters.FlowRunFilterEndTime(before_=before, is_null_=False))  # pyright: ignore[reportArgumentType]
    deleted = kept = 0
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_flow_runs(flow_filter=ours, flow_run_filter=old, sort=FlowRunSort.END_TIME_DESC, limit=AT_ONCE, offset=kept)
            ids = [run.id for run in runs]
            newest = _holding_newest(client, ids)
            for run in (each for each in ids if each not in newest):
                for artifact in client.read_artifacts(artifact_filter=_of([run])):
                    client.delete_artifact(artifact.id)
                client.delete_flow_run(run)
                deleted += 1
            kept += len(newest)
            if len(runs) < AT_ONCE:
                return deleted


def _holding_newest(client: Any, runs: Sequence[UUID]) -> set[UUID]:
    """Of these runs those whose artifact is the newest of its key."""
    if not runs:
        return set()
    chosen = filters.ArtifactCollectionFilter(flow_run_id=filters.ArtifactCollectionFilterFlowRunId(any_=list(runs)))
    return {found.flow_run_id for found in client.read_latest_artifacts(artifact_filter=chosen, limit=AT_ONCE) if found.flow_run_id}


def _of(runs: Sequence[UUID]) -> filters.ArtifactFilter:
    return filters.ArtifactFilter(flow_run_id=filters.ArtifactFilterFlowRunId(any_=list(runs)))
