"""Rows into the lake: those of a source, and what clients have told since."""

from lifecycle.references import Batch, Snapshot
from tasks import stages
from tasks.flow_runner import FlowRunner


def ingested(go: FlowRunner, batch: Batch) -> Snapshot:
    """The snapshot after a batch, and after the further sources of the kind of problem; its numbers are those of the batch."""
    snapshot = go(stages.validate, batch)
    own = {name: getattr(snapshot, name) for name in ("came", "kept", "quarantined", "duplicates")}
    for name in stages.further(go.use_case):
        snapshot = go(stages.validate, go(stages.collect, name)).model_copy(update=own)
    return snapshot
