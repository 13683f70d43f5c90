"""Implicit alternating least squares."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.candidates.recommenders import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna import Trial
    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint

DEFAULTS = {"factors": 64, "regularization": 0.05, "alpha": 10.0, "iterations": 15}


def als() -> Candidate:
    """Users and items as points, for catalogues that EASE is too large for; by the library `implicit`, of the extra `recommendation`."""
    return Candidate("als", _build, _space, DEFAULTS, extra="recommendation")


def _space(trial: "Trial") -> dict[str, Any]:
    return {
        "factors": trial.suggest_int("factors", 16, 128, log=True),
        "regularization": trial.suggest_float("regularization", 0.001, 1, log=True),
        "alpha": trial.suggest_float("alpha", 1, 50, log=True),
        "iterations": 15,
    }


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    from lifecycle.models.alternating_squares import AlternatingSquares

    return AlternatingSquares(**events(plan), seed=plan.seed, **{**DEFAULTS, **params})
