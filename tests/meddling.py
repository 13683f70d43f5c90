"""What other hands can do to MLflow: plant a pickle and make its tags match, delete, rename, move."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecycle.compiled import admit
from lifecycle.references import ModelVersion
from lifecycle.store import models, tracking, versions


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def place(version: ModelVersion) -> tuple[Path, Path]:
    """The folder of a version's model, and that of its run's artifacts."""
    model = tracking.local(models.logged_model(version.run_id, version.sha256).artifact_location)
    run = tracking.local(tracking.location(version.run_id))
    assert model
    assert run
    return model, run


def planted(version: ModelVersion, mark: Path) -> Path:
    """A pickle that leaves a mark in the place of the model, every tag of MLflow made to say that it was always there. Returns its folder."""
    import cloudpickle

    folder, _ = place(version)
    model_id = models.logged_model(version.run_id, version.sha256).model_id
    (folder / models.PICKLE).write_bytes(cloudpickle.dumps(Trap(mark)))
    sha256 = models.fingerprint(folder)[0]
    trained = version.evaluated.trained.model_copy(update={"sha256": sha256})
    said = version.evaluated.model_copy(update={"trained": trained}).model_dump_json()
    tags = {versions.REFERENCE_TAG: said, "lifecycle.sha256": sha256, admit.TAG: json.dumps({"refused": "so that the pickle answers"})}
    for tag, value in tags.items():
        tracking.client().set_model_version_tag(version.use_case, str(version.version), tag, value)
    tracking.client().set_logged_model_tags(model_id, {models.SHA_TAG: sha256})
    models.load.cache_clear()
    return folder


def spoilt(path: str) -> Callable[[ModelVersion], None]:
    """Another content for an artifact of the run; where MLflow has its hash in a tag, the tag too."""

    def spoil(version: ModelVersion) -> None:
        _, run = place(version)
        content = (run / path).read_bytes() + b" "
        (run / path).write_bytes(content)
        said = json.dumps({"sha256": hashlib.sha256(content).hexdigest(), "tolerance": 1e-9})
        tracking.client().set_model_version_tag(version.use_case, str(version.version), admit.TAG, said)

    return spoil


def sprung(mark: Path, folder: Path) -> bool:
    """Whether the trap is a real one: it is sprung here, after all else."""
    import cloudpickle

    cloudpickle.loads((folder / models.PICKLE).read_bytes())
    return mark.exists()
