"""Challenger and champion on the same rows, which neither has seen."""

import hashlib
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from lifecycle.dataset import Rows
from lifecycle.evaluation.predictions import Predictions, judge
from lifecycle.evaluation.resample import Interval, clusters, days, paired
from lifecycle.fit import together
from lifecycle.gate import Comparison, Difference, Look, PastLook, looks
from lifecycle.references import ModelVersion, Recipe
from lifecycle.splits.split import PARTS
from lifecycle.store import models
from lifecycle.store.lake import lake, quoted
from lifecycle.table.membership import seen
from lifecycle.table.parts import rows as rows_of

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def compare(use_case: "UseCase", challenger: ModelVersion, champion: ModelVersion, past: Sequence[PastLook]) -> tuple[Comparison, str]:
    """The paired difference in the deciding metric on the newest labelled rows that neither version has seen.

    Small data (a challenger that was cross-validated) has too few of these: there both recipes are refitted in the same folds.

    Args:
        past: all comparisons of the ledger, the oldest first.

    Returns:
        The comparison, and what tells its rows (`lifecycle.gate.looks.LookRows`, as JSON); empty where nothing was compared, so that nobody has
        looked at them.
    """
    if challenger.evaluated.mode == "cross-validation":
        return _refitted(use_case, challenger, champion, past)
    rows = unseen(use_case, challenger, champion)
    if len(rows) < use_case.gate.rows:
        return Comparison(champion.version, len(rows), Look(), None, minority=use_case.kind.minority(rows.y), days=days(rows.info)), ""
    new, old = (models.load(*version.judged) for version in (challenger, champion))
    old = use_case.kind.informed(old, new)
    known = Rows(inputs_of(use_case, champion, rows), rows.y, rows.info)
    return _compared(use_case, (challenger, champion), (judge(use_case, new, rows), judge(use_case, old, known)), past)


def unseen(use_case: "UseCase", challenger: ModelVersion, champion: ModelVersion) -> Rows:
    """The challenger's gate rows that the champion was neither trained nor tuned on, and can be asked about."""
    rows = rows_of(use_case, challenger.evaluated.trained.parts, "gate")
    rows = rows.take(~seen(use_case, champion, rows.info))
    if _answers(champion, rows.X):
        return rows
    return rows.take(rows.info["_key"].is_in(_old_inputs(use_case, champion)["_key"].implode()).to_numpy())


def fingerprint(rows: Rows) -> str:
    """A hash of the keys of rows, whatever their order."""
    return hashlib.sha256("\n".join(rows.info["_key"].cast(pl.String).sort().to_list()).encode()).hexdigest()


def _refitted(use_case: "UseCase", challenger: ModelVersion, champion: ModelVersion, past: Sequence[PastLook]) -> tuple[Comparison, str]:
    """Both recipes in the same folds of the challenger's labelled rows, paired on the pooled out-of-fold predictions."""
    trained = challenger.evaluated.trained
    recipe = champion.evaluated.trained.recipe
    rows = reduce(together, (rows_of(use_case, trained.parts, part) for part in PARTS))
    if gone := replaced(recipe, use_case):
        obstacle = f"its family '{min(gone)}' is no candidate of the definition any more; bring it back, or promote by hand"
        return Comparison(champion.version, len(rows), Look(), None, obstacle=obstacle, refitted=True), ""
    new = judge(use_case, trained.recipe, rows)
    old = new if recipe == trained.recipe else judge(use_case, recipe, rows)
    return _compared(use_case, (challenger, champion), (new, old), past, refitted=True)


def replaced(recipe: Recipe, use_case: "UseCase") -> set[str]:
    """The candidates of a recipe that the definition does not have any more."""
    return {part.candidate for part in recipe.parts or (recipe,)} - {each.name for each in use_case.candidates}


def _compared(
    use_case: "UseCase",
    versions: tuple[ModelVersion, ModelVersion],
    judged: tuple[Predictions, Predictions],
    past: Sequence[PastLook],
    refitted: bool = False,
) -> tuple[Comparison, str]:
    """The challenger (first) and the champion on the same rows."""
    (challenger, champion), (new, old) = versions, judged
    rows = new.rows
    keys = looks.hashes(rows.info["_key"].cast(pl.String).to_list())
    look = looks.count(past, champion.version, keys)
    found = paired(use_case, use_case.metric, rows.y, new.predictions, old.predictions, clusters(use_case, rows.info), look.confidence(use_case.gate))
    short, span = use_case.kind.minority(rows.y), days(rows.info)
    comparison = Comparison(champion.version, len(rows), look, difference(found), refitted=refitted, minority=short, days=span)
    return comparison, looks.kept(keys, fingerprint(rows), look.began or challenger.version)


def difference(gain: Interval | None) -> Difference | None:
    """A gain with its interval, as the gate takes it."""
    return Difference(gain.value, gain.low, gain.high, gain.confidence, gain.visible) if gain else None


def _answers(version: ModelVersion, X: pl.DataFrame) -> bool:
    return set(version.evaluated.trained.parts.features.names) <= set(X.columns)


def inputs_of(use_case: "UseCase", version: ModelVersion, rows: Rows) -> pl.DataFrame:
    """What a version takes as inputs of these rows: where the definition gives other features now, those it gave then."""
    names = version.evaluated.trained.parts.features.names
    if _answers(version, rows.X):
        return rows.X.select(names)
    return rows.info.select("_key").join(_old_inputs(use_case, version), on="_key", how="left", maintain_order="left").select(names)


def _old_inputs(use_case: "UseCase", version: ModelVersion) -> pl.DataFrame:
    features = version.evaluated.trained.parts.features
    names = ", ".join(quoted(name) for name in ("_key", *features.names))
    return lake().frame(f"SELECT {names} FROM {use_case.name}.features AT (VERSION => {features.version})")
