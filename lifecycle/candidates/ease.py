"""EASE, alone and with the features of items."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.candidates.recommenders import described, events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

DEFAULTS = {"penalty": 200.0}
FIRST = ({"penalty": 100.0}, {"penalty": 400.0}, {"penalty": 50.0}, {"penalty": 800.0})
"""The search begins beside the default, and goes outwards."""


def ease() -> Candidate:
    """A linear model of each item by all others, in closed form: hard to beat, and one number to tune."""
    return Candidate("ease", _build, _space, DEFAULTS, first=FIRST)


def hybrid() -> Candidate:
    """The same with the features of items, so that items which hardly anybody has met yet are recommended too."""
    first = tuple({**each, "weight": weight} for each, weight in zip(FIRST, (1.0, 1.0, 10.0, 10.0), strict=True))
    return Candidate("hybrid", _mixed, _space_mixed, {**DEFAULTS, "weight": 5.0}, first=first)


def _space(trial: "Trial") -> dict[str, Any]:
    return {"penalty": trial.suggest_float("penalty", 10, 2_000, log=True)}


def _space_mixed(trial: "Trial") -> dict[str, Any]:
    return {**_space(trial), "weight": trial.suggest_float("weight", 0.1, 100, log=True)}


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    from lifecycle.models.ease import Ease

    return Ease(**events(plan), **{**DEFAULTS, **params})


def _mixed(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    from lifecycle.models.ease import Ease

    return Ease(**events(plan), features=described(plan), **{**DEFAULTS, **params})
