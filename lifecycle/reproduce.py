"""Reproduce: make a registered version again from its snapshot, its recipe and its seed, and compare the answers."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle import code_tree, provenance, registry
from lifecycle.code_tree import NoTree
from lifecycle.dependencies import fingerprint
from lifecycle.erasure import receipts
from lifecycle.errors import LifecycleError
from lifecycle.fit import fit, two_fits
from lifecycle.predict import predict
from lifecycle.references import ModelVersion
from lifecycle.splits.split import PARTS
from lifecycle.store import models, versions
from lifecycle.table import feature_table
from lifecycle.table.parts import LABELLED, pick

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def with_recorded_code(use_case: str, number: int) -> dict[str, Any]:
    """Train a version again with the code that it was made with, whatever the code here has become, and compare its predictions.

    The recorded code runs in a process of its own (`lifecycle.code_tree`). Where it cannot be had the code here takes its place, and the
    answer says so.

    Args:
        use_case: its name: its definition need not be here any more.
        number: the version.

    Returns:
        As `reproduce`; `same_code`: whether it was trained with all of the code that it was made with, and no other; `code`: with what
        it was trained; `missing`: what that lacked, one sentence, empty where nothing was.

    Raises:
        LifecycleError: there is no such version, its model is not what was registered, rows that it was trained on were erased, or the code fails.
    """
    version = versions.version(use_case, number)
    if why := receipts.why_not(use_case, number):
        raise LifecycleError(why)
    try:
        with code_tree.tree(version) as made:
            found = code_tree.run(version, made)
    except NoTree as why:
        found = reproduce(registry.find(use_case), number)
        told = {"code": "the code that is here", "missing": f"{why}; compared was what the code that is here makes"}
        return {**found, **told, "same_code": False}
    lacking = [*made.missing, *(f"{name}, which is not among it" for name in found.pop("other"))]
    return {
        **found,
        "same_code": not lacking,
        "same_libraries": version.lock == fingerprint.lock(),
        "code": made.source,
        "missing": f"what version {number} was made with also has {'; '.join(lacking)}" if lacking else "",
    }


def reproduce(use_case: "UseCase", number: int) -> dict[str, Any]:
    """Train a version again with the code that is here, and compare its predictions on all rows with the version's own.

    Processes that run recorded code call this under its name: what it takes and returns stays.

    Returns:
        `identical`: whether every prediction is the same to the last bit; `largest_difference` between two of them; both of each of the
        `fits` too;
        `same_code` and `same_libraries`: whether the commit (with nothing changed since, there and here) and the lock file are those of the version.

    Raises:
        LifecycleError: there is no such version, or its artifact is not what was registered.
    """
    version = versions.version(use_case.name, number)
    fits = _fits(use_case, version)
    snapshot = version.evaluated.trained.parts.features.snapshot
    answers: dict[str, list[tuple[pl.DataFrame, pl.DataFrame]]] = {name: [] for name in fits}
    for rows in feature_table.again(use_case, snapshot):
        for name, both in fits.items():
            made, known = (predict(use_case, model, rows.X) for model in both)
            answers[name].append((made, known))
    found = {name: _compared(pairs) for name, pairs in answers.items()}
    return {
        "use_case": use_case.name,
        "model_version": number,
        "identical": all(each["identical"] for each in found.values()),
        "rows": snapshot.rows,
        "largest_difference": max(each["largest_difference"] for each in found.values()),
        "fits": found,
        "same_code": _same_code(version),
        "same_libraries": version.lock == fingerprint.lock(),
    }


def _fits(use_case: "UseCase", version: ModelVersion) -> dict[str, tuple[Any, Any]]:
    """By name each fit of the version's recipe: made again, and as it was registered."""
    trained = version.evaluated.trained
    snapshot = trained.parts.features.snapshot
    picked = {name: pick(use_case, trained.parts, name, feature_table.again(use_case, snapshot)) for name in (*PARTS, LABELLED)}
    train, tune, gate, labelled = (use_case.kind.placed(use_case, rows, lambda: picked["train"]) for rows in picked.values())
    deployed, judged = (version.run_id, version.sha256, version.location), version.judged
    if judged == deployed:  # registered when one fit was both
        return {"deployed": (fit(use_case, trained.recipe, train, tune), models.load(*deployed))}
    made = two_fits(use_case, trained.recipe, train, tune, gate, labelled)
    return {"deployed": (made.deployed, models.load(*deployed)), "judged": (made.judged, models.load(*judged))}


def _compared(pairs: list[tuple[pl.DataFrame, pl.DataFrame]]) -> dict[str, Any]:
    made, known = (pl.concat(side) for side in zip(*pairs, strict=True))
    return {"identical": made.equals(known), "largest_difference": _largest(made, known)}


def _same_code(version: ModelVersion) -> bool:
    """Whether the code here is that of a version: nothing differs from the commit, here and there."""
    here = provenance.code()
    return bool(version.commit) and version.commit == here.commit and not version.dirty and not here.dirty


def _largest(made: pl.DataFrame, known: pl.DataFrame) -> float:
    """Between two probabilities, or two predicted numbers; of classes the share that differs."""
    name = "probability" if "probability" in made.columns else "prediction"
    one, other = made[name].to_numpy(), known[name].to_numpy()
    return float(np.abs(one - other).max() if made[name].dtype.is_numeric() else (one != other).mean())
