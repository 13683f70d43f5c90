"""The form of a registered version that answers fastest: its graph where one was admitted, else the pipeline."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lifecycle.compiled import admit
from lifecycle.compiled.model import Compiled
from lifecycle.errors import LifecycleError
from lifecycle.references import ModelVersion
from lifecycle.store import models, tracking

ONNX, PIPELINE = "onnx", "pipeline"


def load(version: ModelVersion, tags: Mapping[str, str], location: str, run_location: str, threads: int = 1) -> tuple[Any, str]:
    """What predicts, and how: `onnx` or `pipeline`. Hashes are checked before anything is run, of the pipeline's files in both cases.

    Args:
        version: the registered version.
        tags: what was noted of it at registration.
        location: where the pipeline's files lie.
        run_location: where the artifacts of its run lie.
        threads: how many a call may use.

    Raises:
        LifecycleError: files are missing, or are not those that were registered.
    """
    admitted = json.loads(tags.get(admit.TAG) or "{}").get("sha256")
    if not admitted:
        return models.opened(version.run_id, location, version.sha256), PIPELINE
    with models.verified(version.run_id, location, version.sha256):
        return Compiled(_graph(version.run_id, run_location, admitted), threads), ONNX


def _graph(run_id: str, place: str, sha256: str) -> bytes:
    there = tracking.local(place)
    try:
        graph = (there / admit.ARTIFACT).read_bytes() if there else tracking.read(run_id, admit.ARTIFACT)
    except FileNotFoundError:
        raise LifecycleError(f"MLflow run {run_id}: it should hold the compiled model {place}/{admit.ARTIFACT}, found none; restore it") from None
    found = hashlib.sha256(graph).hexdigest()
    if found != sha256:
        raise LifecycleError(
            f"compiled model of MLflow run {run_id}: it must have the SHA-256 {sha256[:12]}... it was admitted with, found {found[:12]}...; "
            f"somebody changed {place}/{admit.ARTIFACT}: restore it, or roll back and train again"
        )
    return graph
