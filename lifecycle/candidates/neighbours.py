"""Items that the same users liked."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.candidates.recommenders import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

DEFAULTS = {"neighbours": 100, "shrink": 10.0}


def neighbours() -> Candidate:
    """The nearest neighbours of what a user liked, by who liked both."""
    return Candidate("neighbours", _build, _space, DEFAULTS)


def _space(trial: "Trial") -> dict[str, Any]:
    return {"neighbours": trial.suggest_int("neighbours", 20, 400, log=True), "shrink": trial.suggest_float("shrink", 0.1, 100, log=True)}


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    from lifecycle.models.item_neighbours import ItemNeighbours

    return ItemNeighbours(**events(plan), **{**DEFAULTS, **params})
