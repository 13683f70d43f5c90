"""What most users liked."""

from typing import TYPE_CHECKING, Any

from lifecycle.candidates.candidate import Candidate
from lifecycle.candidates.recommenders import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator

    from lifecycle.models.blueprint import Blueprint


def popularity() -> Candidate:
    """The items that most users liked, the same for everybody but for what each has seen."""
    return Candidate("popularity", _build, lambda trial: {})


def _build(plan: "Blueprint", params: "Mapping[str, Any]") -> "BaseEstimator":
    from lifecycle.models.recommender import Recommender

    return Recommender(**events(plan))
