"""Reproduce: make a registered version again from its snapshot, its recipe and its seed, and compare the answers."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle import provenance
from lifecycle.dependencies import fingerprint
from lifecycle.fit import two_fits
from lifecycle.predict import predict
from lifecycle.splits.split import PARTS
from lifecycle.store import models, versions
from lifecycle.table import feature_table
from lifecycle.table.parts import LABELLED, pick

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def reproduce(use_case: "UseCase", number: int) -> dict[str, Any]:
    """Train a version again with the code that is here, and compare its predictions on all rows with the version's own.

    Returns:
        `identical`: whether every prediction is the same to the last bit; `largest_difference` between two of them;
        `same_code` and `same_libraries`: whether the commit and the lock file are those of the version.

    Raises:
        LifecycleError: there is no such version, or its artifact is not what was registered.
    """
    version = versions.version(use_case.name, number)
    trained = version.evaluated.trained
    snapshot = trained.parts.features.snapshot
    train, tune, gate, known = (pick(use_case, trained.parts, name, feature_table.again(use_case, snapshot)) for name in (*PARTS, LABELLED))
    fits = two_fits(use_case, trained.recipe, train, tune, gate, known)
    made = fits.deployed if trained.judged_sha256 else fits.judged
    both = made, models.load(version.run_id, version.sha256, version.location)
    answers = [[predict(use_case, model, rows.X) for model in both] for rows in feature_table.again(use_case, snapshot)]
    made, known = (pl.concat(side) for side in zip(*answers, strict=True))
    return {
        "use_case": use_case.name,
        "model_version": number,
        "identical": made.equals(known),
        "rows": made.height,
        "largest_difference": _largest(made, known),
        "same_code": version.commit == provenance.code().commit and not version.dirty,
        "same_libraries": version.lock == fingerprint.lock(),
    }


def _largest(made: pl.DataFrame, known: pl.DataFrame) -> float:
    """Between two probabilities, or two predicted numbers; of classes the share that differs."""
    name = "probability" if "probability" in made.columns else "prediction"
    one, other = made[name].to_numpy(), known[name].to_numpy()
    return float(np.abs(one - other).max() if made[name].dtype.is_numeric() else (one != other).mean())
