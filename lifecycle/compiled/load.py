"""The form of a registered version that answers fastest: its graph where one was admitted, else the pipeline."""

from typing import Any

from lifecycle.compiled import admit
from lifecycle.compiled.model import Compiled
from lifecycle.references import ModelVersion
from lifecycle.store import models, versions

ONNX, PIPELINE = "onnx", "pipeline"


def load(version: ModelVersion, threads: int = 1) -> tuple[Any, str]:
    """What predicts, and how: `onnx` or `pipeline`. Hashes are checked before anything is run, of the pipeline's files in both cases.

    Args:
        version: the registered version.
        threads: how many a call may use.

    Raises:
        LifecycleError: files are missing, or are not those that were registered.
    """
    if admit.ARTIFACT not in version.files:
        return models.opened(version.run_id, version.location, version.sha256), PIPELINE
    models.verified(version.run_id, version.location, version.sha256)
    return Compiled(versions.artifact(version, admit.ARTIFACT), threads), ONNX
